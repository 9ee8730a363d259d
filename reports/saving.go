package reports

import (
	"fmt"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// saving compares what the derived settings set aside with what was set aside before; nil where none were derived.
func saving(r Run) *tuner.Saving {
	result, _ := r.ended()
	if len(result.Settings) == 0 {
		return nil
	}
	return new(tuner.Save(r.Goal.Before, result.Settings, r.Goal.Replicas, r.Goal.Tuning.Prices))
}

// saved is saving in words; empty where none were derived.
func saved(r Run) string {
	if s := saving(r); s != nil {
		return s.Text
	}
	return ""
}

// advice is what the containers set of their runtimes at odds with the derived limits, in the order of the file. nil
// where that is not known: nothing was derived, or the environment of the containers is not that of the file. Empty where
// nothing is at odds.
func advice(r Run) []tuner.Advice {
	result, _ := r.ended()
	if len(result.Settings) == 0 || r.File.Workload.Kind != scenarios.Local {
		return nil
	}
	all := []tuner.Advice{}
	for _, c := range r.File.Workload.Containers {
		if settings, ok := result.Settings.Of(c.Name); ok {
			all = append(all, tuner.Advise(settings, c.Runtime, c.Command)...)
		}
	}
	return all
}

// advised is one advice in a line, without control characters: "app: GOMEMLIMIT 1GiB → 230MiB: …".
func advised(a tuner.Advice) string {
	what := fmt.Sprintf("%s %s → %s", a.Setting, a.Now, a.Suggest)
	switch {
	case a.Suggest == "":
		what = fmt.Sprintf("remove %s (%s)", a.Setting, a.Now)
	case a.Now == "":
		what = fmt.Sprintf("set %s to %s", a.Setting, a.Suggest)
	}
	return Clean(a.Container + ": " + what + ": " + a.Why)
}

// advices are advised for all, with what to do afterwards, or that nothing is known.
func advices(r Run) []string {
	if result, _ := r.ended(); len(result.Settings) > 0 && r.File.Workload.Kind == scenarios.Kubernetes {
		return []string{"the environment of the containers is not known: GOMEMLIMIT, GOMAXPROCS, heap sizes and worker counts were not compared with these limits"}
	}
	var all []string
	for _, a := range advice(r) {
		all = append(all, advised(a))
	}
	if len(all) > 0 {
		all = append(all, "these limits were derived with the settings of today: tune again after a change")
	}
	return all
}

// priceFact is what the saving was counted in; ok is false where there is no price.
func priceFact(p scenarios.Prices) (f fact, ok bool) {
	if p.Core == 0 && p.GiB == 0 {
		return fact{}, false
	}
	return fact{"Prices", fmt.Sprintf("%s %s a core, %s a GiB", p.Currency, significant(p.Core), significant(p.GiB)),
		fmt.Sprintf("a month; a node has %s and %s for %d Pods", amount(tuner.CPU, int64(p.NodeCPU)), memory(p.NodeMemory), p.NodePods)}, true
}
