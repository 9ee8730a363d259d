package restore

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// series are cases that differ only in the call that the fault hits: from the first to the last that the search makes.
// One without a call is a single case.
type series struct {
	// row of the table that the cases belong to.
	row string
	// at is the case whose fault hits that call.
	at func(call int) trouble
	// single is true where there is but one case.
	single bool
}

// times are how often a damage is done, with its words.
var times = []struct {
	n    int
	text string
}{{1, "once"}, {3, "three times"}, {forGood, "for good"}}

// complete is the workload whose searches get every damage at every call, once, three times and for good, and every
// foreign edit: it has an HPA, a VPA and a native sidecar. At every call of the others those take turns.
const complete = "deployment"

// everyCall are the series that, all together, hit every mutating call of a search on a workload.
func everyCall(workload string) ([]series, error) {
	var all []series
	add := func(row string, d damage, n int, edit string) {
		all = append(all, series{row: row, at: func(call int) trouble {
			// Who puts back what is left takes turns.
			return trouble{Workload: workload, fault: fault{d, call, n}, Next: call%4 == 0, Edit: edit}
		}})
	}
	add("SIGKILL before every mutating call", killBefore, 1, "")
	add("SIGKILL after every mutating call", killAfter, 1, "")
	add("SIGINT after every mutating call", interrupted, 1, "")
	add("API server unreachable for 2 s from every mutating call on", away, 1, "")
	names, err := editsFor(workload)
	if err != nil {
		return nil, err
	}
	if workload != complete {
		return append(all, takingTurns(workload, names)...), nil
	}
	for _, d := range matrix {
		for _, t := range times {
			add(fmt.Sprintf("%s at every mutating call, %s", d, t.text), d, t.n, "")
		}
	}
	for _, name := range names {
		add("foreign edit after every mutating call", foreign, 1, name)
	}
	return all, nil
}

// takingTurns are the series in which the number of times and the foreign edits take turns from call to call.
func takingTurns(workload string, names []string) []series {
	var all []series
	for i, d := range matrix {
		all = append(all, series{row: fmt.Sprintf("%s at every mutating call, once, three times or for good", d), at: func(call int) trouble {
			return trouble{Workload: workload, fault: fault{d, call, times[(call+i)%len(times)].n}, Next: call%4 == 0}
		}})
	}
	return append(all, series{row: "foreign edit after every mutating call", at: func(call int) trouble {
		return trouble{Workload: workload, fault: fault{foreign, call, 1}, Edit: names[call%len(names)]}
	}})
}

// instants are n cases on a workload whose search takes so long, killed at random instants.
func instants(workload string, n int, search time.Duration, chance *rand.Rand) []series {
	var all []series
	for i := range n {
		c := trouble{Workload: workload, fault: fault{damage: killAt}, Next: i%4 == 0, After: time.Duration(chance.Int64N(int64(search)))}
		all = append(all, series{row: "SIGKILL at random instants", single: true, at: func(int) trouble { return c }})
	}
	return all
}

// plain is a search that nothing happens to.
func plain(workload string) trouble { return trouble{Workload: workload} }

// sample are random cases out of all of the series, one after the other without end; calls is how many mutating calls a
// search makes.
func sample(all []series, calls int, chance *rand.Rand) func() (series, trouble) {
	return func() (series, trouble) {
		s := all[chance.IntN(len(all))]
		return s, s.at(1 + chance.IntN(max(calls, 1)))
	}
}
