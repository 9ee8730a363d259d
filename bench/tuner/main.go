// Command tuner measures the search on a fleet of simulated services.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sort"
	"time"
)

func main() {
	n := flag.Int("n", 200, "services")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed")
	show := flag.Int("show", -1, "print the trials of one service")
	only := flag.Float64("noise", 0, "")
	flag.Parse()
	fmt.Println("seed", *seed)
	for _, noise := range []float64{0.05, 0.1, 0.2} {
		if *only > 0 && noise != *only {
			continue
		}
		if err := level(*n, *seed, noise, *show); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func level(n int, seed uint64, noise float64, show int) error {
	outcomes := map[string]int{}
	var trials, limits, soaks, pass, cpass, mpass, joint, cover, mover, bad, cn, mn, jbad, jn, conf float64
	var worst []string
	for i := range n {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		s := newSpecimen(r, noise)
		if s.leaks {
			continue
		}
		e, err := search(&s, noise)
		if err != nil {
			return err
		}
		key := string(e.outcome)
		if s.cliff {
			key = "cliff:" + key
		}
		outcomes[key]++
		if i == show {
			for _, x := range e.all {
				fmt.Printf("%d %s %v %s | %s | %s\n", x.Number, x.Step.Purpose, x.Step.Settings, x.Step.Reason, x.Verdict.Judgement, x.Verdict.Why)
			}
			fmt.Println(e.outcome, e.why, e.confidence, e.joint, e.truths)
		}
		if e.settings == nil {
			worst = append(worst, fmt.Sprintf("%d %s %s", i, e.outcome, e.why))
			continue
		}
		trials += float64(e.trials)
		limits += float64(len(s.goal.Limits))
		soaks += float64(e.soaks)
		joint += e.joint
		conf += e.confidence
		jn++
		if e.joint < 0.9 {
			jbad++
		}
		var dc, nc, dm, nm float64
		for _, t := range e.truths {
			pass += t.pass
			if t.pass < 0.9 {
				bad++
			}
			over := t.derived/t.demand - 1
			if t.limit.Resource == "cpu" {
				cpass += t.pass
				dc, nc = dc+t.derived, nc+t.demand
				cn++
			} else {
				mpass += t.pass
				dm, nm = dm+t.derived, nm+t.demand
				mn++
			}
			if t.pass < 0.6 || over > 1 && t.limit.Container == "app" || e.trials > 15*len(s.service.Containers)+5 {
				worst = append(worst, fmt.Sprintf("%d %v derived %.0f demand %.0f pass %.2f over %.2f replayed %v cliff %v trials %d", i, t.limit, t.derived, t.demand, t.pass, over, s.replayed, s.cliff, e.trials))
			}
		}
		cover += dc/nc - 1
		mover += dm/nm - 1
	}
	fmt.Printf("noise %.2f: trials/limit %.2f soaks %.2f pass %.3f (cpu %.3f mem %.3f) <0.9 %.3f joint %.3f joint<0.9 %.3f conf %.3f over %.3f (cpu %.3f mem %.3f) %v\n", noise,
		trials/limits, soaks/jn, pass/(cn+mn), cpass/cn, mpass/mn, bad/(cn+mn), joint/jn, jbad/jn, conf/jn, (cover+mover)/2/jn, cover/jn, mover/jn, outcomes)
	sort.Strings(worst)
	for i, w := range worst {
		if i > 8 {
			break
		}
		fmt.Println("   ", w)
	}
	return nil
}
