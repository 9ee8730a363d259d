package scenarios

import "time"

// tuningDraft is the part of tuning that ends up elsewhere.
type tuningDraft struct {
	limits []string
	bounds Bounds
}

func defaultTuning() Tuning {
	return Tuning{Start: Conservative, QoS: Burstable, MaxTrials: 24, MaxTime: 30 * time.Minute, Safety: 0.95}
}

func tuningFields(t *Tuning, d *tuningDraft) []field {
	limits := list(&d.limits, 1, func(s *string) value { return scalar(s, choice("cpu", "memory")) })
	limits.preset = func() string { return "[cpu, memory]" }
	return []field{
		{key: "start", value: scalar(&t.Start, choice(Conservative, Current, Relaxed)),
			doc: "Limits of the first trial: 100m and 50Mi (or the nearest bound), those under resources, or the upper bounds."},
		{key: "limits", value: limits, doc: "Which limits may move."},
		{key: "bounds", value: object(&d.bounds, "tuning.bounds", func() []field { return boundsFields(&d.bounds, "tuning.bounds") }),
			doc: "Between which the limits of every container are searched, unless it has bounds of its own."},
		{key: "qos", value: scalar(&t.QoS, choice(Guaranteed, Burstable, NoCPULimit)),
			doc: "guaranteed: request = limit. burstable: request from the usage that was measured. no-cpu-limit: CPU is not searched and has no limit."},
		{key: "budget", value: object(nil, "tuning.budget", func() []field {
			return []field{
				{key: "trials", value: scalar(&t.MaxTrials, whole(1, 1000)), doc: "The most trials, confirming soak included."},
				{key: "time", value: scalar(&t.MaxTime, duration(time.Second, longest)), doc: "The most time, confirming soak included."},
			}
		}), doc: "What the search may spend."},
		{key: "safety", value: scalar(&t.Safety, percent(0.51, 0.999)), doc: "Probability aimed at that a run at the derived limits meets every SLO."},
		{key: "probe", value: scalar(&t.Probe, name()), doc: "Scenario of the trials that search. Without it: the first that is no soak, or the first."},
		{key: "confirm", value: scalar(&t.Confirm, name()), doc: "Scenario of the trial that confirms. Without it: the first soak, or the first."},
	}
}
