package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run measures everything and prints it; -out also writes the rows as JSON.
func run(args []string, w io.Writer) error {
	flags := flag.NewFlagSet("tuner", flag.ContinueOnError)
	out := flags.String("out", "", "file for the rows, as a JSON array")
	services := flags.Int("services", 2000, "services at each level of noise")
	seed := flags.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the fleet; fresh and printed unless given")
	show := flags.Int("show", -1, "print the trials of this service at noise 10 % and stop")
	worst := flags.Int("worst", 0, "list this many services that ended worst")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *show >= 0 {
		return showOne(w, *seed, *show)
	}
	fmt.Fprintf(w, "seed %d, %d services at each level of noise\n", *seed, *services)
	rows, err := measure(w, *services, *seed, *worst)
	if err != nil {
		return err
	}
	writeText(w, rows)
	if *out == "" {
		return nil
	}
	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	if err := writeJSON(f, rows); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// leakRuns is how many series of each kind the leak verdict is measured on.
const leakRuns = 1000

// levels of run-to-run noise, as the standard deviation of ln(p99).
var levels = []float64{0.05, 0.1, 0.2}

func measure(w io.Writer, services int, seed uint64, worst int) ([]row, error) {
	rows := []row{plain("seed", float64(seed), ""), plain("services at each level of noise", float64(services), "services")}
	var all []ending
	for _, noise := range levels {
		fleet := newFleet(services, seed, noise, 0.95)
		endings, err := searchAll(fleet)
		if err != nil {
			return nil, err
		}
		steady := withoutLeaks(endings)
		ours := summarise(steady)
		fmt.Fprintf(w, "noise %.0f%%: %s\n", noise*100, ours.outcomesText())
		listWorst(w, endings, worst)
		peers := map[string]summary{}
		for _, st := range strategies() {
			peers[st.name] = summarise(tryAll(st, fleet))
		}
		rows = append(rows, rowsOf(noise, ours, peers)...)
		all = append(all, steady...)
	}
	rows = append(rows, plain("services that replay measured curves", replayed(all), "ratio"))
	rows = append(rows, calibration(all)...)
	frontier, err := frontierRows(services/4, seed)
	if err != nil {
		return nil, err
	}
	rows = append(append(rows, frontier...), decisionRows(all)...)
	for _, r := range leakRows(seed, leakRuns) {
		rows = append(rows, row(r))
	}
	return rows, nil
}

// newFleet draws services; the same seed draws the same services at every level of noise.
func newFleet(services int, seed uint64, noise, safety float64) []*specimen {
	fleet := make([]*specimen, services)
	for i := range fleet {
		s := newSpecimen(rand.New(rand.NewPCG(seed, uint64(i))), noise)
		s.goal.Tuning.Safety = safety
		fleet[i] = &s
	}
	return fleet
}

// searchAll searches every specimen, on all processors.
func searchAll(fleet []*specimen) ([]ending, error) {
	endings := make([]ending, len(fleet))
	errs := make([]error, len(fleet))
	parallel(len(fleet), func(i int) { endings[i], errs[i] = search(fleet[i]) })
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return endings, nil
}

// tryAll runs a strategy on every specimen that does not leak.
func tryAll(st strategy, fleet []*specimen) []ending {
	endings := make([]ending, len(fleet))
	parallel(len(fleet), func(i int) { endings[i] = try(st, fleet[i]) })
	return withoutLeaks(endings)
}

func parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for k := range workers {
		wg.Go(func() {
			for i := k; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}

func withoutLeaks(all []ending) []ending {
	var steady []ending
	for _, e := range all {
		if !e.specimen.leaks {
			steady = append(steady, e)
		}
	}
	return steady
}

func replayed(all []ending) float64 {
	n := 0
	for _, e := range all {
		if e.specimen.replayed {
			n++
		}
	}
	return float64(n) / float64(max(1, len(all)))
}

// listWorst prints the services that are furthest from what was wanted.
func listWorst(w io.Writer, all []ending, n int) {
	for i, e := range all {
		bad := e.truths == nil || e.outcome == string(tuner.BudgetSpent)
		for _, t := range e.truths {
			bad = bad || t.pass < 0.6 || t.derived/t.demand > 2 && t.limit.Container == "app"
		}
		if bad && n > 0 {
			n--
			fmt.Fprintf(w, "  %d %s trials %d cliff %v leaks %v warms %v joint %.2f %v %s\n", i, e.outcome, e.trials, e.specimen.cliff, e.specimen.leaks, e.specimen.warms, e.joint, e.truths, e.why)
		}
	}
}

// showOne prints the trials of one service.
func showOne(w io.Writer, seed uint64, i int) error {
	for _, noise := range levels {
		s := newFleet(i+1, seed, noise, 0.95)[i]
		e, err := search(s)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "noise %.0f%%\n", noise*100)
		for _, t := range e.history {
			fmt.Fprintf(w, "%d %s %v %s | %s %s\n", t.Number, t.Step.Purpose, t.Step.Settings, t.Step.Reason, t.Verdict.Judgement, t.Verdict.Why)
		}
		fmt.Fprintln(w, e.outcome, e.why, e.confidence, e.joint, e.truths)
	}
	return nil
}
