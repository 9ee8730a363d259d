package restore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// row is what came of the cases of one kind.
type row struct {
	cases, itself, healed, bad int
	took, slowest              time.Duration
}

// table collects what came of all cases, by the name of the row.
type table struct {
	mu   sync.Mutex
	rows map[string]*row
}

func (t *table) add(name string, r result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[string]*row{}
	}
	if t.rows[name] == nil {
		t.rows[name] = &row{}
	}
	x := t.rows[name]
	x.cases++
	x.took += r.Took
	x.slowest = max(x.slowest, r.Took)
	if r.Itself {
		x.itself++
	}
	if r.Healed {
		x.healed++
	}
	if len(r.Bad) > 0 {
		x.bad++
	}
}

// total is the sum of all rows.
func (t *table) total() row {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum row
	for _, x := range t.rows {
		sum.cases, sum.itself, sum.healed, sum.bad = sum.cases+x.cases, sum.itself+x.itself, sum.healed+x.healed, sum.bad+x.bad
		sum.took, sum.slowest = sum.took+x.took, max(sum.slowest, x.slowest)
	}
	return sum
}

// String is the table in Markdown.
func (t *table) String() string {
	total := t.total()
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	b.WriteString("| what is done to the run | cases | put back by the run itself | by `plimsoll restore` or the next run | failed | mean | slowest |\n|---|---|---|---|---|---|---|\n")
	line := func(name string, x row) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %.1f s | %.1f s |\n", name, x.cases, x.itself, x.healed, x.bad,
			x.took.Seconds()/float64(max(x.cases, 1)), x.slowest.Seconds())
	}
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		line(name, *t.rows[name])
	}
	line("all", total)
	return b.String()
}
