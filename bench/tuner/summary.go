package main

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// summary is the mean of many endings. Trials per limit, true pass and the share below 0.9 count a search that ended
// without limits as well: its trials, and each of its limits as one that never passes. All else is of those derived.
type summary struct {
	services, derived             int
	trialsPerLimit                float64
	pass, below                   float64 // mean true pass, share of limits below 0.9
	joint, jointBelow, confidence float64
	over, overCPU, overMemory     float64
	overMedian                    float64
	soaks                         float64
	outcomes                      map[string]int
}

// summarise folds the endings of services that do not leak.
func summarise(all []ending) summary {
	s := summary{outcomes: map[string]int{}}
	limits, trials := 0, 0
	var overs []float64
	for i := range all {
		e := &all[i]
		s.services++
		s.outcomes[e.outcome]++
		limits += len(e.specimen.goal.Limits)
		trials += e.trials
		if e.truths == nil {
			s.below += float64(len(e.specimen.goal.Limits))
			continue
		}
		s.derived++
		s.soaks += float64(e.soaks)
		s.joint += e.joint
		s.confidence += e.confidence
		if e.joint < 0.9 {
			s.jointBelow++
		}
		for _, t := range e.truths {
			s.pass += t.pass
			if t.pass < 0.9 {
				s.below++
			}
		}
		cpu, memory := over(e.truths, tuner.CPU), over(e.truths, tuner.Memory)
		s.overCPU, s.overMemory = s.overCPU+cpu, s.overMemory+memory
		overs = append(overs, (cpu+memory)/2)
	}
	n := float64(max(1, s.derived))
	s.trialsPerLimit = float64(trials) / float64(max(1, limits))
	s.pass, s.below = s.pass/float64(max(1, limits)), s.below/float64(max(1, limits))
	s.joint, s.jointBelow, s.confidence, s.soaks = s.joint/n, s.jointBelow/n, s.confidence/n, s.soaks/n
	s.overCPU, s.overMemory = s.overCPU/n, s.overMemory/n
	s.over = (s.overCPU + s.overMemory) / 2
	if len(overs) > 0 {
		slices.Sort(overs)
		s.overMedian = overs[len(overs)/2]
	}
	return s
}

// over is what one resource of a service is given above its demand, as a ratio.
func over(truths []truth, r tuner.Resource) float64 {
	derived, demand := 0.0, 0.0
	for _, t := range truths {
		if t.limit.Resource == r {
			derived, demand = derived+t.derived, demand+t.demand
		}
	}
	return derived/demand - 1
}

// outcomesText lists how searches ended, by name.
func (s summary) outcomesText() string {
	var names []string
	for name, n := range s.outcomes {
		names = append(names, fmt.Sprintf("%s %d", name, n))
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// overTargets are the over-allocations to stay below, by noise.
var overTargets = map[float64]float64{0.05: 0.08, 0.1: 0.12, 0.2: 0.25}

// rowsOf are the rows of one level of noise, beside plain bisection, and one row of each kind for every strategy.
func rowsOf(noise float64, ours summary, peers map[string]summary) []row {
	name := func(what string) string { return fmt.Sprintf("noise %.0f%%: %s", noise*100, what) }
	b := peers["bisection to 5%"]
	rows := []row{
		atMost(name("trials per limit"), ours.trialsPerLimit, "trials", 8).beside("bisection", b.trialsPerLimit),
		atLeast(name("true pass, mean"), ours.pass, "ratio", 0.95).beside("bisection", b.pass),
		atMost(name("limits with true pass below 0.9"), ours.below, "ratio", 0.1).beside("bisection", b.below),
		atMost(name("over-allocation, mean"), ours.over, "ratio", overTargets[noise]).beside("bisection", b.over),
		plain(name("over-allocation, median"), ours.overMedian, "ratio").beside("bisection", b.overMedian),
		plain(name("over-allocation of CPU, mean"), ours.overCPU, "ratio").beside("bisection", b.overCPU),
		plain(name("over-allocation of memory, mean"), ours.overMemory, "ratio").beside("bisection", b.overMemory),
		plain(name("joint pass of all limits, mean"), ours.joint, "ratio").beside("bisection", b.joint),
		plain(name("services with joint pass below 0.9"), ours.jointBelow, "ratio").beside("bisection", b.jointBelow),
		plain(name("stated confidence, mean"), ours.confidence, "ratio"),
		plain(name("services with limits derived"), float64(ours.derived)/float64(ours.services), "ratio"),
		plain(name("confirming soaks per service"), ours.soaks, "soaks"),
	}
	for _, st := range strategies() {
		p := peers[st.name]
		rows = append(rows,
			plain(name(st.name+": trials per limit"), p.trialsPerLimit, "trials"),
			plain(name(st.name+": true pass, mean"), p.pass, "ratio"),
			plain(name(st.name+": limits below 0.9"), p.below, "ratio"),
			plain(name(st.name+": over-allocation, mean"), p.over, "ratio"),
			plain(name(st.name+": joint pass, mean"), p.joint, "ratio"))
	}
	return rows
}

// calibration compares stated confidence with the true pass rate of the settings, by decile of what was stated.
func calibration(all []ending) []row {
	var derived []ending
	for _, e := range all {
		if e.truths != nil && e.confidence > 0 {
			derived = append(derived, e)
		}
	}
	slices.SortFunc(derived, func(a, b ending) int { return cmpFloat(a.confidence, b.confidence) })
	var rows []row
	worst := 0.0
	for k := range 10 {
		part := derived[len(derived)*k/10 : len(derived)*(k+1)/10]
		stated, actual := 0.0, 0.0
		for _, e := range part {
			stated, actual = stated+e.confidence, actual+e.joint
		}
		n := float64(max(1, len(part)))
		gap := math.Abs(stated-actual) / n
		worst = max(worst, gap)
		r := atMost(fmt.Sprintf("calibration: decile %d, stated %.3f, true %.3f", k+1, stated/n, actual/n), gap, "ratio", 0.05)
		rows = append(rows, r)
	}
	return append(rows, atMost("calibration: worst decile", worst, "ratio", 0.05))
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
