package compat

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Combination is how autoscalers and derived settings fit together: the VPA on CPU and memory, the HPA on hits.
type Combination struct {
	// Metric is the name of hits per second in the custom-metrics API.
	Metric string `json:"hits_metric"`
	// Limit is the rate one Pod can take at the derived limits, in hits per second; From says how that is known.
	Limit float64 `json:"limit_hits_per_second_per_pod"`
	From  string  `json:"limit_from"`
	// Target is the rate per Pod that the HPA shall hold.
	Target float64 `json:"target_hits_per_second_per_pod"`
	// Replicas needed at the minimum, typical and peak load, where these are known.
	Replicas []Need `json:"replicas"`
	// Min and Max are the bounds of the HPA.
	Min int `json:"min_replicas"`
	Max int `json:"max_replicas"`
	// Lead is the time from a rise of the load until one more Pod serves; nil where the start was not measured.
	Lead *time.Duration `json:"lead_ns"`
	// FastestRise is what this HPA can follow with Min replicas, in hits per second each second; nil without Lead.
	FastestRise *float64 `json:"fastest_rise_hits_per_second_per_second"`
	// Predictive says how early scaling must begin, in words; empty where Lead is not known.
	Predictive string `json:"predictive,omitempty"`
	// OnHits and OnLatency are HPAs, VPA what to give the VPA there is, or one in Off mode. OnLatency is nil where no
	// response time is known.
	OnHits    *Mend `json:"hpa_on_hits"`
	OnLatency *Mend `json:"hpa_on_latency"`
	VPA       *Mend `json:"vpa"`
	// Compared is what the VPA recommends beside what was tested; empty without a recommendation.
	Compared []Compared `json:"vpa_compared"`
	Notes    []string   `json:"notes,omitempty"`
}

// Need is how many Pods one load needs.
type Need struct {
	Load     string  `json:"load"`
	Hits     float64 `json:"hits_per_second"`
	Replicas int     `json:"replicas"`
}

// Compared is one request of one container: what the VPA would set, before its policy, beside what was tested.
type Compared struct {
	tuner.Limit
	// Uncapped and Tested in millicores or bytes; TestedLimit 0 is "not set".
	Uncapped    int64  `json:"vpa_uncapped_target"`
	Tested      int64  `json:"tested_request"`
	TestedLimit int64  `json:"tested_limit"`
	Text        string `json:"text"`
}

// The metrics that the suggested HPAs ask the custom-metrics API for; an adapter names them as it is told to.
const (
	HitsMetric    = "http_requests_per_second"
	LatencyMetric = "http_request_duration_p99_seconds"
)

// spare is how many times the replicas of the planned peak the suggested HPA may go to.
const spare = 1.25

// Combine suggests autoscalers for derived settings; nil where no trial tells what one Pod can take. hits is the name under
// which the cluster's adapter has hits per second of a Pod.
func Combine(s Snapshot, m *Measured, hits string) *Combination {
	if m == nil || m.limitHits() == nil || *m.limitHits() <= 0 {
		return nil
	}
	c := Combination{Metric: hits, Limit: *m.limitHits(), From: fmt.Sprintf("held in trial %d", m.Trial)}
	if m.Knee != nil {
		c.From = fmt.Sprintf("the knee seen in trial %d", m.KneeTrial)
	}
	c.aim(m)
	c.bound(s, m)
	c.foresee(m)
	c.OnHits = onMetric(s, c, hits, countText(c.Target))
	if m.P99 != nil {
		c.OnLatency = onMetric(s, c, LatencyMetric, strconv.FormatInt(max(1, m.P99.Milliseconds()), 10)+"m")
		c.Notes = append(c.Notes, "response time does not grow in proportion to the load, as an HPA takes it to: prefer hits per second, and latency only where hits are not exported")
	}
	c.VPA = beside(s, m)
	c.Compared = Compare(s, m)
	return &c
}

// aim sets the target: early enough for the planned rise where that and the start are known and it can be done.
func (c *Combination) aim(m *Measured) {
	c.Target = c.Limit / (1 + hpaTolerance)
	if m.Startup == nil {
		c.Notes = append(c.Notes, "no start was measured at these limits, so the target leaves no room for the time until a new Pod serves")
		return
	}
	lead := Lead(*m.Startup)
	c.Lead = &lead
	early := TargetHits(c.Limit, m.Rise, m.Replicas, lead, hpaTolerance)
	if early > 0 {
		c.Target = early
		return
	}
	c.Notes = append(c.Notes, fmt.Sprintf("no target is early enough for a rise of %s hits/s each second on %s, with %s until one more serves: keep minReplicas at what the peak needs, or scale ahead of it by schedule",
		number(m.Rise), plural(m.Replicas, "Pod"), seconds(lead)))
}

// bound counts the replicas of each load and sets the bounds: minReplicas for the least load, and a quarter above the
// peak. An HPA that is there keeps its minReplicas, and its maxReplicas where that is enough.
func (c *Combination) bound(s Snapshot, m *Measured) {
	for _, at := range []struct {
		name string
		hits float64
	}{{"minimum", m.Loads.Minimum}, {"typical", m.Loads.Typical}, {"peak", m.Loads.Peak}} {
		if at.hits > 0 {
			c.Replicas = append(c.Replicas, Need{at.name, at.hits, ReplicasFor(at.hits, c.Target, 1, math.MaxInt32)})
		}
	}
	c.Min, c.Max = 1, 1
	for _, n := range c.Replicas {
		if n.Load == "minimum" {
			c.Min = n.Replicas
		}
		c.Max = max(c.Max, n.Replicas, int(math.Ceil(spare*float64(n.Replicas))))
	}
	if own := ownHPAs(s.HPAs); len(own) > 0 {
		c.Min, c.Max = own[0].Min, max(own[0].Max, c.Max)
	}
	c.Max = max(c.Max, c.Min+1)
}

// foresee says how early scaling must begin.
func (c *Combination) foresee(m *Measured) {
	if c.Lead == nil {
		return
	}
	fastest := FastestRise(c.Limit, c.Target, c.Min, *c.Lead, hpaTolerance)
	c.FastestRise = &fastest
	c.Predictive = fmt.Sprintf("One more Pod serves %s after the load asks for it (metric %s, sync %s, start %s). With %s this HPA follows a rise of %s hits/s each second",
		seconds(*c.Lead), seconds(metricsAge), seconds(hpaSync), seconds(*m.Startup), plural(c.Min, "Pod"), number(fastest))
	if m.Rise > 0 {
		c.Predictive += fmt.Sprintf("; the planned load rises by %s, so scaling must begin %s hits/s before what the Pods can take", number(m.Rise), number(m.Rise*c.Lead.Seconds()))
	}
	c.Predictive += fmt.Sprintf(". Replicas stay between %d and %d.", c.Min, c.Max)
}

// countText is a rate as a quantity: whole, or in thousandths below 10. Rounded down, to scale out rather early.
func countText(x float64) string {
	if x < 10 {
		return strconv.FormatInt(max(1, int64(x*1000)), 10) + "m"
	}
	return strconv.FormatInt(int64(x), 10)
}

// onMetric is an HPA on the average over Pods of a custom metric. It changes the workload's own HPA where there is one.
func onMetric(s Snapshot, c Combination, metric, value string) *Mend {
	target := object{{"type", "AverageValue"}, {"averageValue", value}}
	pods := object{{"metric", object{{"name", metric}}}, {"target", target}}
	spec := object{{"minReplicas", c.Min}, {"maxReplicas", c.Max}, {"metrics", []any{object{{"type", "Pods"}, {"pods", pods}}}}}
	if own := ownHPAs(s.HPAs); len(own) > 0 {
		return merge(own[0].Ref, spec)
	}
	w := s.Workload
	r := Ref{"autoscaling/v2", "HorizontalPodAutoscaler", w.Namespace, w.Name}
	scaled := object{{"apiVersion", w.APIVersion}, {"kind", w.Kind}, {"name", w.Name}}
	return &Mend{r, Create, patchOf(r, append(object{{"scaleTargetRef", scaled}}, spec...))}
}

// beside is the VPA that keeps to what was derived: the policy of the one there is, else one in Off mode.
func beside(s Snapshot, m *Measured) *Mend {
	if len(s.VPAs) > 0 {
		var names []string
		for _, c := range m.Settings {
			names = append(names, c.Container)
		}
		return repolicied(s.VPAs[0], names, func(name string) object {
			c, _ := m.Settings.Of(name)
			return kept(c.Resources, len(m.Settings))
		})
	}
	var policies []any
	for _, c := range m.Settings {
		policies = append(policies, append(object{{"containerName", c.Container}}, kept(c.Resources, len(m.Settings))...))
	}
	return OffVPA(s.Workload.Ref, policies)
}

// OffVPA is a VPA that only recommends, with the given container policies (none: its defaults).
func OffVPA(w Ref, policies []any) *Mend {
	r := Ref{"autoscaling.k8s.io/v1", "VerticalPodAutoscaler", w.Namespace, w.Name}
	spec := object{{"targetRef", object{{"apiVersion", w.APIVersion}, {"kind", w.Kind}, {"name", w.Name}}}, {"updatePolicy", object{{"updateMode", string(Off)}}}}
	if len(policies) > 0 {
		spec = append(spec, field{"resourcePolicy", object{{"containerPolicies", policies}}})
	}
	return &Mend{r, Create, patchOf(r, spec)}
}

// Compare puts what VPAs recommend, before their policies, beside what was tested.
func Compare(s Snapshot, m *Measured) []Compared {
	var all []Compared
	for _, v := range s.VPAs {
		for _, rec := range v.Recommendations {
			tested, ok := m.Settings.Of(rec.Container)
			if !ok {
				continue
			}
			for _, r := range both {
				if would := rec.Uncapped.of(r); would > 0 {
					all = append(all, compared(rec.Container, r, would, tested.Resources))
				}
			}
		}
	}
	return all
}

func compared(container string, r tuner.Resource, would int64, tested scenarios.Resources) Compared {
	c := Compared{Limit: tuner.Limit{Container: container, Resource: r}, Uncapped: would, Tested: valueOf(tested, r, false), TestedLimit: valueOf(tested, r, true)}
	says := fmt.Sprintf("the VPA would request %s for %s; tested was a request of %s with a limit of %s", amountText(r, would), container, orNone(r, c.Tested), orNone(r, c.TestedLimit))
	switch {
	case c.TestedLimit > 0 && would > c.TestedLimit:
		says += fmt.Sprintf(": %s more than the limit that passed", percent(float64(would)/float64(c.TestedLimit)-1))
	case would > c.Tested && c.Tested > 0:
		says += fmt.Sprintf(": %s more than was set aside", percent(float64(would)/float64(c.Tested)-1))
	case would < c.Tested:
		says += fmt.Sprintf(": %s less; the load under which the VPA watched was lighter, or its percentile forgives what the SLOs do not", percent(1-float64(would)/float64(c.Tested)))
	}
	c.Text = says
	return c
}
