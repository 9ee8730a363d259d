package tuner

// digest is what the trials say, worked out once for one decision: each of its figures is asked for again and again.
// Trials are in their order, and limits and containers in that of the goal.
type digest struct {
	containers []string
	uses       []use   // trial × container
	values     []int64 // limit × trial
	blamed     []bool  // limit × trial
	// firstSame are, for each trial, the first that has all its limits; firstSameCPU and firstSameMemory, those of one kind.
	firstSame, firstSameCPU, firstSameMemory []int
	cold                                     coldness
	// By limit, filled in when first asked for.
	estimates   []*estimate
	cpuSearches []*cpuSearch
	brackets    []*bracket
}

// newHistory is what a search knows after these trials.
func newHistory(goal Goal, trials []Trial) history {
	n, k := len(trials), len(goal.Limits)
	d := &digest{values: make([]int64, n*k), blamed: make([]bool, n*k), firstSame: make([]int, n), firstSameCPU: make([]int, n),
		firstSameMemory: make([]int, n), estimates: make([]*estimate, k), cpuSearches: make([]*cpuSearch, k), brackets: make([]*bracket, k)}
	for _, l := range goal.Limits {
		if d.column(l.Container) < 0 {
			d.containers = append(d.containers, l.Container)
		}
	}
	h := history{goal: goal, trials: trials, digest: d}
	d.uses = make([]use, n*len(d.containers))
	for i := range trials {
		for c, container := range d.containers {
			d.uses[i*len(d.containers)+c] = useOf(&trials[i].Observation, container)
		}
		for j, l := range goal.Limits {
			d.values[j*n+i] = valueOf(trials[i].Step.Settings, l.Limit)
		}
		d.firstSame[i] = h.firstLike(i, func(Searched) bool { return true })
		d.firstSameCPU[i] = h.firstLike(i, func(l Searched) bool { return l.Resource == CPU })
		d.firstSameMemory[i] = h.firstLike(i, func(l Searched) bool { return l.Resource == Memory })
	}
	d.cold = h.coldnessOf()
	for i := range trials {
		for j, l := range goal.Limits {
			d.blamed[j*n+i] = trials[i].Verdict.Judgement == Fail && h.accuses(i, l.Limit)
		}
	}
	return h
}

// firstLike is the first trial whose limits equal those of trial i wherever counts holds.
func (h history) firstLike(i int, counts func(Searched) bool) int {
	for j := range i {
		same := true
		for k, l := range h.goal.Limits {
			same = same && (!counts(l) || h.values[k*len(h.trials)+i] == h.values[k*len(h.trials)+j])
		}
		if same {
			return j
		}
	}
	return i
}

// column is the place of a container among those with limits to search; −1 where it has none.
func (d *digest) column(container string) int {
	for i, c := range d.containers {
		if c == container {
			return i
		}
	}
	return -1
}

// place is that of a limit among those searched; −1 where it is not.
func (h history) place(l Limit) int {
	for i := range h.goal.Limits {
		if h.goal.Limits[i].Limit == l {
			return i
		}
	}
	return -1
}

// value is that of a limit in trial i, in millicores or bytes; 0 is "not set".
func (h history) value(i int, l Limit) int64 {
	if k := h.place(l); k >= 0 {
		return h.values[k*len(h.trials)+i]
	}
	return valueOf(h.trials[i].Step.Settings, l)
}

// valuesOf are those of a searched limit in all trials.
func (h history) valuesOf(l Limit) []int64 {
	k, n := h.place(l), len(h.trials)
	return h.values[k*n : (k+1)*n]
}

// use is what a container used in trial i.
func (h history) use(i int, container string) use {
	if c := h.column(container); c >= 0 {
		return h.uses[i*len(h.containers)+c]
	}
	return useOf(&h.trials[i].Observation, container)
}

// blames says whether a failed trial is evidence against the value that limit l had in it: see accuses.
func (h history) blames(i int, l Limit) bool {
	if k := h.place(l); k >= 0 {
		return h.blamed[k*len(h.trials)+i]
	}
	return h.trials[i].Verdict.Judgement == Fail && h.accuses(i, l)
}

// search is what the trials say about one CPU limit that is searched.
func (h history) search(l Searched) *cpuSearch {
	k := h.place(l.Limit)
	if h.cpuSearches[k] == nil {
		h.cpuSearches[k] = new(h.newCPUSearch(l))
	}
	return h.cpuSearches[k]
}

// bracket is what the trials say about one memory limit that is searched.
func (h history) bracket(l Searched) *bracket {
	k := h.place(l.Limit)
	if h.brackets[k] == nil {
		h.brackets[k] = h.memoryBracket(l)
	}
	return h.brackets[k]
}
