package scenarios

import "time"

// shapeDraft is a scenario as written: the keys of every kind. stages turns it into what is planned.
type shapeDraft struct {
	scenario Scenario
	legs     []leg
	steps    int
	// Rates in hits per second.
	rate, from, to, base, peak, mean, amplitude float64
	each, at, length, total, period             time.Duration
}

// leg is one stage of a ramp as written.
type leg struct {
	to     float64
	length time.Duration
}

func scenarioValue(s *shapeDraft) value {
	return variants(s, "an entry of scenarios", func() []variant { return scenarioVariants(s) })
}

// scenarioVariants are the kinds of scenario.
func scenarioVariants(s *shapeDraft) []variant {
	x := &s.scenario
	time := func(to *time.Duration) value { return scalar(to, duration(minStage, longest)) }
	hits := func(to *float64) value { return scalar(to, rate()) }
	length := must(field{key: "for", value: time(&s.length), doc: "How long it lasts, warm-up included."})
	kind := func(own ...field) []field {
		fields := []field{
			must(field{key: "name", value: scalar(&x.Name, name()), doc: "What reports call it."}),
			must(field{key: "kind", value: scalar(&x.Kind, choice(Ramp, Soak, Steps, Spike, Sine)), doc: "The kind of shape; it decides which keys there are."}),
			{key: "warmup", value: scalar(&x.Warmup, duration(0, longest)), doc: "The first part of it, not judged on latency, throttling and usage; kills and restarts count."},
		}
		return append(append(fields, own...), field{key: "slos", value: list(&x.SLOs, 1, sloValue), doc: "What must hold in this scenario, beside the SLOs of the file."})
	}
	return []variant{
		{"ramp", "rates over time, short: finds the bottleneck and the order of magnitude", kind(
			field{key: "from", value: hits(&s.from), doc: "The rate it begins with."},
			must(field{key: "stages", value: list(&s.legs, 1, legValue), doc: "The rates it goes to, one after the other, each in a straight line."}),
		)},
		{"soak", "steady and long: leaks, saturation, confirmation", kind(
			must(field{key: "rate", value: hits(&s.rate), doc: "The rate all the time."}), length,
		)},
		{"steps", "a staircase of rates, each held", kind(
			must(field{key: "from", value: hits(&s.from), doc: "The rate of the first step."}),
			must(field{key: "to", value: hits(&s.to), doc: "The rate of the last step."}),
			must(field{key: "steps", value: scalar(&s.steps, whole(2, 1000)), doc: "How many steps, first and last included."}),
			must(field{key: "each", value: time(&s.each), doc: "How long each step is held."}),
		)},
		{"spike", "steady, a sudden peak, steady again", kind(
			must(field{key: "base", value: hits(&s.base), doc: "The rate before and after the peak."}),
			must(field{key: "peak", value: hits(&s.peak), doc: "The rate of the peak."}),
			must(field{key: "at", value: time(&s.at), doc: "When the peak begins."}),
			must(field{key: "for", value: time(&s.length), doc: "How long the peak lasts."}),
			must(field{key: "total", value: time(&s.total), doc: "How long all of it lasts, warm-up included."}),
		)},
		{"sine", "a rate that swings around its mean", kind(
			must(field{key: "mean", value: hits(&s.mean), doc: "The rate it swings around."}),
			must(field{key: "amplitude", value: hits(&s.amplitude), doc: "How far it swings to either side."}),
			must(field{key: "period", value: time(&s.period), doc: "How long one swing takes."}), length,
		)},
	}
}

// minStage is the least that a piece of a shape may last.
const minStage = 100 * time.Millisecond

func legValue(l *leg) value {
	return object(l, "an entry of stages", func() []field {
		return []field{
			must(field{key: "to", value: scalar(&l.to, rate()), doc: "The rate at its end."}),
			must(field{key: "for", value: scalar(&l.length, duration(minStage, longest)), doc: "How long it takes to get there; the same rate as before holds it."}),
		}
	})
}

// stages writes the shape down as stages.
func (s *shapeDraft) stages() []Stage {
	flat := func(rate float64, length time.Duration) Stage { return Stage{From: rate, To: rate, For: length} }
	var stages []Stage
	switch s.scenario.Kind {
	case Ramp:
		from := s.from
		for _, l := range s.legs {
			stages = append(stages, Stage{From: from, To: l.to, For: l.length})
			from = l.to
		}
	case Soak:
		stages = []Stage{flat(s.rate, s.length)}
	case Steps:
		for i := range s.steps {
			stages = append(stages, flat(s.from+(s.to-s.from)*float64(i)/float64(s.steps-1), s.each))
		}
	case Spike:
		stages = []Stage{flat(s.base, s.at), flat(s.peak, s.length)}
		if after := s.total - s.at - s.length; after > 0 {
			stages = append(stages, flat(s.base, after))
		}
	case Sine:
		stages = []Stage{{From: s.mean, To: s.mean, Amplitude: s.amplitude, Period: s.period, For: s.length}}
	}
	return stages
}
