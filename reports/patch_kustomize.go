package reports

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// object is a workload on a cluster.
type object struct{ group, kind, name string }

// kinds are the workloads whose containers a strategic merge knows by name, by what kubectl calls them. A Rollout of Argo
// is a custom resource: a merge would replace its whole list of containers.
var kinds = map[string]string{"deployment": "Deployment", "deployments": "Deployment", "deploy": "Deployment", "statefulset": "StatefulSet",
	"statefulsets": "StatefulSet", "sts": "StatefulSet", "daemonset": "DaemonSet", "daemonsets": "DaemonSet", "ds": "DaemonSet"}

// objectOf is the workload that a patch is for; a Deployment of that name where the file names none. The error names a kind
// that can't be patched.
func objectOf(r Run) (object, error) {
	if r.File.Workload.Object == "" {
		return object{"apps/v1", "Deployment", r.File.Workload.Name}, nil
	}
	resource, name, _ := strings.Cut(r.File.Workload.Object, "/")
	resource, _, _ = strings.Cut(strings.ToLower(resource), ".")
	kind, ok := kinds[resource]
	if !ok {
		return object{}, fmt.Errorf("a patch would replace all containers of %q: only Deployments, StatefulSets and DaemonSets are merged by the name of a container; use --output helm-values", Clean(r.File.Workload.Object))
	}
	return object{"apps/v1", kind, name}, nil
}

// kustomizePatch is the body of a patch with the head that kustomize asks for.
type kustomizePatch struct {
	APIVersion string            `yaml:"apiVersion"`
	Kind       string            `yaml:"kind"`
	Metadata   map[string]string `yaml:"metadata"`
	Spec       patchSpec         `yaml:"spec"`
}

// kustomizeComponent is a kustomization.yaml that others list under components.
type kustomizeComponent struct {
	APIVersion string           `yaml:"apiVersion"`
	Kind       string           `yaml:"kind"`
	Patches    []kustomizeEntry `yaml:"patches"`
}

type kustomizeEntry struct {
	Target map[string]string `yaml:"target"`
	Patch  string            `yaml:"patch"`
}

// Kustomize writes the derived settings as the kustomization.yaml of a component: put it into a directory and list that
// under "components" of an overlay. The error is ErrNothingDerived, that of a kind that can't be patched, or one of writing.
func Kustomize(w io.Writer, r Run) error {
	body, err := newPatch(r)
	if err != nil {
		return err
	}
	o, err := objectOf(r)
	if err != nil {
		return err
	}
	patch, err := yamlText(kustomizePatch{o.group, o.kind, map[string]string{"name": o.name}, body.Spec})
	if err != nil {
		return err
	}
	text, err := yamlText(kustomizeComponent{"kustomize.config.k8s.io/v1alpha1", "Component",
		[]kustomizeEntry{{map[string]string{"kind": o.kind, "name": o.name}, patch}}})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, provenance(r)+text)
	return err
}

// provenance is the comment at the top of every patch.
func provenance(r Run) string {
	text := fmt.Sprintf("# Derived by plimsoll %s in %s.\n", Clean(r.Version), trials(len(r.Trials)))
	if r.Simulated {
		text = "# " + simulatedText + "\n" + text
	}
	return text
}

// yamlText is v as YAML, indented by two.
func yamlText(v any) (string, error) {
	var b strings.Builder
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("write YAML: %w", err)
	}
	return b.String(), e.Close()
}
