package restore

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"regexp"
	"sync"
	"testing"
	"time"
)

var (
	all     = flag.Bool("all", false, "every case, not a sample")
	kills   = flag.Int("kills", 500, "how many kills at random instants, with -all")
	seed    = flag.Uint64("seed", 0, "of the instants and the sample; 0 takes a new one, which is printed")
	atOnce  = flag.Int("at-once", 10, "cases side by side")
	only    = flag.String("only", "", "regular expression of the cases to play, with -all")
	state   = flag.String("state", "", "folder that keeps the cases played; the next start with the same seed goes on")
	out     = flag.String("out", "", "file to write the table to, in Markdown")
	lasting = flag.Duration("for", 15*time.Second, "how long the sample lasts")
)

// TestRestore first has the harness find what is wrong with programs that play plimsoll badly, and then plays every
// case, or a sample of them, with plimsoll itself.
func TestRestore(t *testing.T) {
	w := newWorld(t)
	t.Run("harness", func(t *testing.T) { harnessFinds(t, w) })
	t.Run("plimsoll", func(t *testing.T) { restored(t, w) })
}

func restored(t *testing.T, w *world) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed=%d", *seed)
	c := &crew{world: w, program: newProgram(t)}
	c.program.needs(t)
	if *only != "" {
		c.only = regexp.MustCompile(*only)
	}
	if *state != "" {
		if err := c.remember(*state, *seed); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var telling sync.WaitGroup
	telling.Go(func() { c.progress(ctx, t) })
	chance := rand.New(rand.NewPCG(*seed, 0))
	series := c.measure(t)
	if c.only == nil {
		learned(t, w, c.program, callsOf(series))
	}
	if *all {
		c.playAll(t, series, chance)
	} else {
		c.playSample(t, series, chance)
	}
	stop()
	telling.Wait()
	t.Logf("\n%v", &c.table)
	if *out != "" {
		if err := os.WriteFile(*out, []byte(c.table.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// measured is a search that nothing happened to, with its mutating calls.
type measured struct {
	workload string
	calls    []string
	took     time.Duration
}

func callsOf(found []measured) map[string][]string {
	calls := map[string][]string{}
	for _, m := range found {
		calls[m.workload] = m.calls
	}
	return calls
}

// measure runs a search on each workload that nothing happens to.
func (c *crew) measure(t *testing.T) []measured {
	t.Helper()
	var found []measured
	for _, workload := range workloads {
		stages := map[string]*stage{}
		r, err := c.playOne(t, stages, plain(workload))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Bad) > 0 || len(r.Calls) == 0 {
			t.Fatalf("%s: the search without a fault is not put back, or changes nothing (%v)", workload, r.Calls)
		}
		c.table.add("nothing", r)
		found = append(found, measured{workload, r.Calls, r.Took})
		t.Logf("%s: %d mutating calls, %.1f s", workload, len(r.Calls), r.Took.Seconds())
	}
	return found
}

// playAll plays every series, and as many kills at random instants as asked for.
func (c *crew) playAll(t *testing.T, found []measured, chance *rand.Rand) {
	var queue []series
	for i, m := range found {
		every, err := everyCall(m.workload)
		if err != nil {
			t.Fatal(err)
		}
		queue = append(queue, every...)
		queue = append(queue, instants(m.workload, *kills/len(found)+btoi(i < *kills%len(found)), m.took, chance)...)
	}
	next := make(chan series)
	go func() {
		defer close(next)
		for _, s := range queue {
			select {
			case next <- s:
			case <-t.Context().Done():
				return
			}
		}
	}()
	c.work(t, *atOnce, next)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// playSample plays random cases until their time is up: those that end soon, as the ones for good wait until the search
// gives up.
func (c *crew) playSample(t *testing.T, found []measured, chance *rand.Rand) {
	next := make(chan series)
	go func() {
		defer close(next)
		for end := time.Now().Add(*lasting); time.Now().Before(end); {
			m := found[chance.IntN(len(found))]
			every, err := everyCall(m.workload)
			if err != nil {
				t.Error(err)
				return
			}
			every = append(every, instants(m.workload, 4, m.took, chance)...)
			from, one := sample(every, len(m.calls), chance)()
			if one.times == forGood {
				continue
			}
			select {
			case next <- series{row: from.row, single: true, at: func(int) trouble { return one }}:
			case <-t.Context().Done():
				return
			}
		}
	}()
	c.work(t, *atOnce, next)
}
