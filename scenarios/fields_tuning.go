package scenarios

import "time"

// tuningDraft is the part of tuning that ends up elsewhere.
type tuningDraft struct {
	limits []string
	bounds Bounds
}

func defaultTuning() Tuning {
	return Tuning{Start: Conservative, QoS: Burstable, MaxTrials: 24, MaxTime: 30 * time.Minute, Safety: 0.95, Prices: DefaultPrices()}
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
		{key: "prices", value: object(&t.Prices, "tuning.prices", func() []field { return pricesFields(&t.Prices) }),
			doc: "What the cluster costs: reports say what the derived limits save of it. The defaults are what StormForge's optimiser assumes ($17, $2–3); Akamas' assumes $29 and $3.20. Set your own."},
	}
}

func pricesFields(p *Prices) []field {
	return []field{
		{key: "cpu", value: scalar(&p.Core, price()), doc: "Price of one core for a month."},
		{key: "memory", value: scalar(&p.GiB, price()), doc: "Price of one GiB of memory for a month. 0 for both: no money is counted."},
		{key: "currency", value: scalar(&p.Currency, matching("a currency such as USD, $ or €", currencyShape)), doc: "Of these prices."},
		{key: "node", value: object(nil, "tuning.prices.node", func() []field {
			return []field{
				{key: "cpu", value: scalar(&p.NodeCPU, cpu(1, mostCPU)), doc: "CPU that one node has for Pods, after what the system keeps."},
				{key: "memory", value: scalar(&p.NodeMemory, memory(1*MiB, mostMemory)), doc: "Memory that one node has for Pods."},
				{key: "pods", value: scalar(&p.NodePods, whole(1, 10000)), doc: "The most Pods of one node."},
			}
		}), doc: "A node of the cluster, for the count of whole nodes. The default is one of 4 cores and 16 GiB."},
	}
}
