package snapshot

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// vpaPolicy and vpaRecommendation are the parts of a VerticalPodAutoscaler (autoscaling.k8s.io/v1) that are looked at.
type vpaPolicy struct {
	containerName       string
	mode                string
	minAllowed          map[string]any
	maxAllowed          map[string]any
	controlledResources []string
	controlledValues    string
	boost               bool
}

func (b builder) vpa(o unstructured.Unstructured) error {
	apiVersion, _, _ := unstructured.NestedString(o.Object, "spec", "targetRef", "apiVersion")
	kind, _, _ := unstructured.NestedString(o.Object, "spec", "targetRef", "kind")
	name, _, err := unstructured.NestedString(o.Object, "spec", "targetRef", "name")
	if err != nil {
		return err
	}
	if !b.targets(apiVersion, kind, name) {
		return nil
	}
	out := compat.VPA{Ref: ref(o)}
	out.APIVersion = "autoscaling.k8s.io/v1"
	mode, _, err := unstructured.NestedString(o.Object, "spec", "updatePolicy", "updateMode")
	if err != nil {
		return err
	}
	out.Mode = compat.Mode(firstOf(mode, string(compat.Recreate)))
	if n, found, err := unstructured.NestedInt64(o.Object, "spec", "updatePolicy", "minReplicas"); err != nil {
		return err
	} else if found {
		out.MinReplicas = new(int(n))
	}
	_, out.Boost, _ = unstructured.NestedMap(o.Object, "spec", "startupBoost")
	if err := policies(o, &out); err != nil {
		return err
	}
	if out.Recommendations, err = recommendations(o); err != nil {
		return err
	}
	b.to.VPAs = append(b.to.VPAs, out)
	return nil
}

func policies(o unstructured.Unstructured, out *compat.VPA) error {
	all, _, err := unstructured.NestedSlice(o.Object, "spec", "resourcePolicy", "containerPolicies")
	if err != nil {
		return err
	}
	for i, item := range all {
		written, ok := item.(map[string]any)
		if !ok {
			return fmt.Errorf("spec.resourcePolicy.containerPolicies[%d] is no mapping", i)
		}
		p, err := readPolicy(written)
		if err != nil {
			return fmt.Errorf("spec.resourcePolicy.containerPolicies[%d]: %w", i, err)
		}
		converted, err := p.policy()
		if err != nil {
			return fmt.Errorf("spec.resourcePolicy.containerPolicies[%d]: %w", i, err)
		}
		converted.Written, out.Boost = written, out.Boost || p.boost
		out.Policies = append(out.Policies, converted)
	}
	return nil
}

// readPolicy takes the fields of one policy, each of its own type.
func readPolicy(m map[string]any) (p vpaPolicy, err error) {
	texts := []struct {
		key string
		to  *string
	}{{"containerName", &p.containerName}, {"mode", &p.mode}, {"controlledValues", &p.controlledValues}}
	for _, f := range texts {
		if *f.to, _, err = unstructured.NestedString(m, f.key); err != nil {
			return p, err
		}
	}
	if p.minAllowed, _, err = unstructured.NestedMap(m, "minAllowed"); err != nil {
		return p, err
	}
	if p.maxAllowed, _, err = unstructured.NestedMap(m, "maxAllowed"); err != nil {
		return p, err
	}
	if p.controlledResources, _, err = unstructured.NestedStringSlice(m, "controlledResources"); err != nil {
		return p, err
	}
	_, p.boost = m["startupBoost"]
	return p, nil
}

func (p vpaPolicy) policy() (compat.Policy, error) {
	out := compat.Policy{Container: p.containerName, Off: p.mode == "Off", Limits: p.controlledValues != "RequestsOnly"}
	for _, r := range p.controlledResources {
		out.Controlled = append(out.Controlled, tuner.Resource(r))
	}
	var err error
	if out.Min, err = allowed(p.minAllowed); err != nil {
		return out, fmt.Errorf("minAllowed: %w", err)
	}
	if out.Max, err = allowed(p.maxAllowed); err != nil {
		return out, fmt.Errorf("maxAllowed: %w", err)
	}
	return out, nil
}

// allowed reads amounts; YAML gives those without a unit as numbers.
func allowed(m map[string]any) (compat.Amounts, error) {
	q := quantities{}
	for key, value := range m {
		q[key] = fmt.Sprint(value)
	}
	return q.amounts()
}

func recommendations(o unstructured.Unstructured) ([]compat.Recommendation, error) {
	all, _, err := unstructured.NestedSlice(o.Object, "status", "recommendation", "containerRecommendations")
	if err != nil {
		return nil, err
	}
	var out []compat.Recommendation
	for i, item := range all {
		m, _ := item.(map[string]any)
		name, _, _ := unstructured.NestedString(m, "containerName")
		r := compat.Recommendation{Container: name}
		for _, f := range []struct {
			key string
			to  *compat.Amounts
		}{{"target", &r.Target}, {"uncappedTarget", &r.Uncapped}} {
			values, _, err := unstructured.NestedMap(m, f.key)
			if err != nil {
				return nil, err
			}
			if *f.to, err = allowed(values); err != nil {
				return nil, fmt.Errorf("status.recommendation.containerRecommendations[%d].%s: %w", i, f.key, err)
			}
		}
		out = append(out, r)
	}
	return out, nil
}
