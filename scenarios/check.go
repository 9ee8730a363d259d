package scenarios

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// finish fills in what follows from other values, and then checks the values against each other. Values that could not
// be read take part in no check: their own problem is enough.
func (r *reader) finish(d *draft) {
	r.finishWorkload(d)
	r.finishTraffic(d)
	for i := range d.shapes {
		r.finishShape(&d.shapes[i])
		d.Scenarios = append(d.Scenarios, d.shapes[i].scenario)
	}
	unique(r, "scenario", d.shapes, func(s *shapeDraft) *string { return &s.scenario.Name })
	r.checkSLOs(d.SLOs)
	r.finishTuning(d)
}

// finishWorkload also resolves folders and bounds of the containers.
func (r *reader) finishWorkload(d *draft) {
	w := &d.Workload
	if w.Name == "" {
		w.Name = path.Base(w.Object)
	}
	if last := w.Port + w.Replicas - 1; w.Kind == Local && w.Port > 0 && last > 65535 {
		r.problem(r.at(&w.Port), "%d replicas from port %d end at %d; 65535 is the last port", w.Replicas, w.Port, last)
	}
	if w.Kind == Simulated && len(w.Containers) > 1 {
		r.problem(r.at(&w.Containers), "%d containers; the model is of one", len(w.Containers))
	}
	unique(r, "container", w.Containers, func(c *Container) *string { return &c.Name })
	for i := range w.Containers {
		c := &w.Containers[i]
		if w.Kind == Local {
			c.Directory = r.env.path(cmp.Or(c.Directory, "."))
			r.checkPort(c)
			c.Runtime = r.runtimeSizes(c)
		}
		r.checkResources(&c.Resources)
		r.inheritBounds(&c.Bounds, &d.tuning.bounds)
		r.checkBounds(&c.Bounds)
	}
}

// checkPort refuses a PORT among a container's variables.
func (r *reader) checkPort(c *Container) {
	for i := range c.Env {
		if v := &c.Env[i]; v.Name == "PORT" {
			r.problem(r.at(&v.Value), "each replica gets a PORT of its own; set workload.port instead")
		}
	}
}

// checkResources refuses requests over their limits, which no cluster accepts.
func (r *reader) checkResources(x *Resources) {
	if r.sound(&x.CPURequest, &x.CPULimit) && x.CPULimit > 0 && x.CPURequest > x.CPULimit {
		r.problem(r.at(&x.CPURequest), "the request of %s is over the limit of %s", x.CPURequest, x.CPULimit)
	}
	if r.sound(&x.MemoryRequest, &x.MemoryLimit) && x.MemoryLimit > 0 && x.MemoryRequest > x.MemoryLimit {
		r.problem(r.at(&x.MemoryRequest), "the request of %s is over the limit of %s", x.MemoryRequest, x.MemoryLimit)
	}
}

// checkBounds refuses bounds that leave nothing to search. At least one end is given: defaults leave enough.
func (r *reader) checkBounds(b *Bounds) {
	if b.CPUMin >= b.CPUMax && r.sound(&b.CPUMin, &b.CPUMax) && (r.given(&b.CPUMin) || r.given(&b.CPUMax)) {
		r.problem(r.at(&b.CPUMin, &b.CPUMax), emptyBounds, b.CPUMin, b.CPUMax)
	}
	if b.MemoryMin >= b.MemoryMax && r.sound(&b.MemoryMin, &b.MemoryMax) && (r.given(&b.MemoryMin) || r.given(&b.MemoryMax)) {
		r.problem(r.at(&b.MemoryMin, &b.MemoryMax), emptyBounds, b.MemoryMin, b.MemoryMax)
	}
}

const emptyBounds = "from %s to %s leaves nothing to search; min must be below max (tune: false leaves a container alone)"

// inheritBounds fills the ends that a container does not give with those of tuning.
func (r *reader) inheritBounds(b, from *Bounds) {
	for _, end := range []struct{ to, from *MilliCPU }{{&b.CPUMin, &from.CPUMin}, {&b.CPUMax, &from.CPUMax}} {
		if !r.given(end.to) {
			*end.to = *end.from
		}
	}
	for _, end := range []struct{ to, from *Bytes }{{&b.MemoryMin, &from.MemoryMin}, {&b.MemoryMax, &from.MemoryMax}} {
		if !r.given(end.to) {
			*end.to = *end.from
		}
	}
}

// finishTraffic also resolves the paths of files that others read later.
func (r *reader) finishTraffic(d *draft) {
	w, t := &d.Workload, &d.Traffic
	switch tells := w.Kind == Local || w.Kind == Simulated; {
	case tells && t.URL != "":
		r.problem(r.at(&t.URL), "a %s workload tells its own addresses; remove it", w.Kind)
	case w.Kind == External && t.URL == "" && r.sound(&t.URL):
		r.problem(r.at(t, w), "url is missing; an external workload is loaded at its URL")
	case w.Kind == Kubernetes && t.URL == "" && w.Port == 0 && r.sound(&t.URL, &w.Port):
		r.problem(r.at(w), "neither port nor traffic.url is given; one of them is needed")
	}
	r.checkTLS(t)
	if t.GRPC != nil && t.Protocol != GRPCP && r.sound(&t.Protocol) {
		r.problem(r.at(&t.GRPC), "the protocol is %s; these keys are for grpc", t.Protocol)
	}
	if t.GRPC != nil {
		for i := range t.GRPC.ImportPaths {
			t.GRPC.ImportPaths[i] = r.env.path(t.GRPC.ImportPaths[i])
		}
	}
	unique(r, "hit", t.Hits, func(h *Hit) *string { return &h.Name })
	for i := range t.Hits {
		r.finishHit(&t.Hits[i], t)
	}
}

func (r *reader) checkTLS(t *Traffic) {
	if (t.TLS.CertFile == "") != (t.TLS.KeyFile == "") && r.sound(&t.TLS.CertFile, &t.TLS.KeyFile) {
		r.problem(r.at(&t.TLS.CertFile, &t.TLS.KeyFile), "cert_file and key_file go together; one of them is missing")
	}
	for _, file := range []*string{&t.TLS.CAFile, &t.TLS.CertFile, &t.TLS.KeyFile} {
		*file = r.env.path(*file)
	}
}

// finishShape writes a scenario down as stages and checks them.
func (r *reader) finishShape(s *shapeDraft) {
	if r.failed[s] {
		return
	}
	x := &s.scenario
	x.Stages = s.stages()
	total := x.Duration()
	switch {
	case x.Kind == Spike && s.at+s.length > s.total:
		r.problem(r.at(&s.total), "a total of %s ends before the peak, which lasts from %s to %s", shortDuration(s.total), shortDuration(s.at), shortDuration(s.at+s.length))
	case x.Kind == Sine && s.amplitude > s.mean:
		r.problem(r.at(&s.amplitude), "an amplitude of %v/s around %v/s would need a rate below 0", s.amplitude, s.mean)
	case x.PeakRate() == 0:
		r.problem(r.at(&s.legs, &s.rate, &s.to, &s.peak, &s.mean), "the rate is 0 all the time; nothing would be measured")
	case total > longest:
		r.problem(r.at(s), "%s in all; at most %s is allowed", shortDuration(total), shortDuration(longest))
	case x.Warmup >= total:
		r.problem(r.at(&x.Warmup), "a warm-up of %s leaves nothing of the %s to judge", shortDuration(x.Warmup), shortDuration(total))
	}
	r.checkSLOs(x.SLOs)
}

// checkSLOs refuses two lines of one list that bound the same thing.
func (r *reader) checkSLOs(slos []SLO) {
	type bound struct {
		metric   Metric
		quantile float64
	}
	first := map[bound]int{}
	for i := range slos {
		s := &slos[i]
		if !r.sound(s) {
			continue
		}
		key := bound{s.Metric, s.Quantile}
		if line, double := first[key]; double {
			r.problem(r.at(s), "%q bounds the same as line %d; one line each", s.Text, line)
			continue
		}
		first[key] = r.at(s).Line
	}
}

// finishTuning also chooses the scenarios to probe and to confirm with.
func (r *reader) finishTuning(d *draft) {
	t := &d.Tuning
	t.CPU, t.Memory = slices.Contains(d.tuning.limits, "cpu"), slices.Contains(d.tuning.limits, "memory")
	r.checkBounds(&d.tuning.bounds)
	r.chooseScenarios(d)
	if d.Workload.Kind == External {
		if r.given(&d.tuning) {
			r.problem(r.at(&d.tuning), "an external workload can be loaded, and not tuned; remove it")
		}
		return
	}
	if t.QoS == NoCPULimit && !t.Memory && r.sound(&d.tuning.limits) {
		r.problem(r.at(&d.tuning.limits), "under qos no-cpu-limit CPU is not searched, and memory is not listed: nothing is left to tune")
	}
	tuned := slices.ContainsFunc(d.Workload.Containers, func(c Container) bool { return c.Tune })
	if len(d.Workload.Containers) > 0 && !tuned && r.sound(&d.Workload.Containers) {
		r.problem(r.at(&d.Workload.Containers), "every container has tune: false; nothing is left to tune")
	}
	r.checkBudget(d)
	if t.Start == Current && d.Workload.Kind != Kubernetes && r.sound(&t.Start) {
		r.checkCurrent(d)
	}
}

// checkBudget refuses a time that is over before one trial to probe and one to confirm are.
func (r *reader) checkBudget(d *draft) {
	t := &d.Tuning
	if !r.sound(&d.shapes, &t.MaxTime, &t.Probe, &t.Confirm) {
		return
	}
	need := d.Workload.Startup
	for i := range d.Scenarios {
		for _, name := range []string{t.Probe, t.Confirm} {
			if d.Scenarios[i].Name == name {
				need += d.Scenarios[i].Duration()
			}
		}
	}
	if need > t.MaxTime {
		r.problem(r.at(&t.MaxTime, &d.tuning, &d.shapes), "a budget of %s is too short: one trial of %s, one of %s and a start take up to %s; write a longer tuning.budget.time",
			shortDuration(t.MaxTime), t.Probe, t.Confirm, shortDuration(need))
	}
}

// checkCurrent refuses a start from limits that are not there or not within bounds.
func (r *reader) checkCurrent(d *draft) {
	for i := range d.Workload.Containers {
		c := &d.Workload.Containers[i]
		x, b := &c.Resources, c.Bounds
		if !c.Tune || !r.sound(x, &c.Bounds) {
			continue
		}
		if at := r.at(&x.CPULimit, x, c); d.Tuning.CPU && d.Tuning.QoS != NoCPULimit && (x.CPULimit < b.CPUMin || x.CPULimit > b.CPUMax) {
			r.problem(at, "start: current begins at the CPU limit of today, which is %s; %s to %s are the bounds", orNone(x.CPULimit), b.CPUMin, b.CPUMax)
		}
		if at := r.at(&x.MemoryLimit, x, c); d.Tuning.Memory && (x.MemoryLimit < b.MemoryMin || x.MemoryLimit > b.MemoryMax) {
			r.problem(at, "start: current begins at the memory limit of today, which is %s; %s to %s are the bounds", orNone(x.MemoryLimit), b.MemoryMin, b.MemoryMax)
		}
	}
}

// orNone is how a limit reads that may not be set.
func orNone[T interface {
	~int64
	String() string
}](limit T) string {
	if limit == 0 {
		return "not given"
	}
	return limit.String()
}

// chooseScenarios fills in probe and confirm, or checks those that are given.
func (r *reader) chooseScenarios(d *draft) {
	var names []string
	for i := range d.Scenarios {
		names = append(names, d.Scenarios[i].Name)
	}
	choose := func(to *string, fits func(Scenario) bool) {
		switch {
		case len(names) == 0 || !r.sound(to, &d.shapes):
		case !r.given(to):
			*to = names[max(0, slices.IndexFunc(d.Scenarios, fits))]
		case !slices.Contains(names, *to):
			r.problem(r.at(to), "%q is no scenario of this file; %s", *to, hint(*to, names))
		}
	}
	choose(&d.Tuning.Probe, func(s Scenario) bool { return s.Kind != Soak })
	choose(&d.Tuning.Confirm, func(s Scenario) bool { return s.Kind == Soak })
}

// unique refuses two of the same name.
func unique[T any](r *reader, what string, all []T, name func(*T) *string) {
	first := map[string]int{}
	for i := range all {
		n := name(&all[i])
		if !r.given(n) || !r.sound(n) {
			continue
		}
		if line, double := first[strings.ToLower(*n)]; double {
			r.problem(r.at(n), "a second %s is called %q; the first is in line %d", what, *n, line)
			continue
		}
		first[strings.ToLower(*n)] = r.at(n).Line
	}
}
