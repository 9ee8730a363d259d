package tuner

import (
	"fmt"
	"math"
	"strings"
)

// comparison is one figure over both sets of trials, transformed.
type comparison struct {
	figure        comparedFigure
	before, after float64 // means over the strata
	d, weight     float64
	noise         noise
	n, m          int
	atLeast       bool // after is a lower bound
}

// compare collects a figure by scenario; ok is false where the two have none in common. A lower bound counts after, where it
// may show that something got worse, and not before.
func (f comparedFigure) compare(before, after []Trial) (c comparison, ok bool) {
	c = comparison{figure: f, noise: noise{prior: f.prior, priorWeight: comparePriorWeight}}
	old, now := f.byScenario(before), f.byScenario(after)
	for _, x := range old {
		y := named(now, x.scenario)
		if n, m := len(x.exact), len(y.exact)+len(y.bounds); n == 0 || m == 0 {
			continue
		}
		for _, z := range [][]float64{x.exact, y.exact} {
			c.noise.addGroup(group{len(z), sum(z), dot(z, z)})
		}
		n, m := float64(len(x.exact)), float64(len(y.exact)+len(y.bounds))
		w := 1 / (1/n + 1/m)
		meanX, meanY := sum(x.exact)/n, (sum(y.exact)+sum(y.bounds))/m
		c.weight, c.d = c.weight+w, c.d+w*(meanY-meanX)
		c.before, c.after = c.before+w*meanX, c.after+w*meanY
		c.n, c.m, c.atLeast = c.n+int(n), c.m+int(m), c.atLeast || len(y.bounds) > 0
	}
	if c.weight == 0 {
		return c, false
	}
	c.d, c.before, c.after = c.d/c.weight, c.before/c.weight, c.after/c.weight
	return c, true
}

// stratum is one figure of the trials of one scenario, transformed: those known exactly, and lower bounds.
type stratum struct {
	scenario      string
	exact, bounds []float64
}

// named is the stratum of a scenario; an empty one where there is none.
func named(all []stratum, scenario string) stratum {
	for _, s := range all {
		if s.scenario == scenario {
			return s
		}
	}
	return stratum{}
}

// byScenario are the figures of trials by scenario, in the order first seen.
func (f comparedFigure) byScenario(trials []Trial) []stratum {
	var all []stratum
	for i := range trials {
		x, ok := f.of(&trials[i])
		if !ok {
			continue
		}
		at := -1
		for k := range all {
			if all[k].scenario == trials[i].Step.Scenario {
				at = k
			}
		}
		if at < 0 {
			at, all = len(all), append(all, stratum{scenario: trials[i].Step.Scenario})
		}
		if f.bound != nil && f.bound(&trials[i]) {
			all[at].bounds = append(all[at].bounds, f.scale.to(x))
		} else {
			all[at].exact = append(all[at].exact, f.scale.to(x))
		}
	}
	return all
}

// difference judges the comparison at a level alpha in each direction.
func (c comparison) difference(alpha float64) Difference {
	half, p := c.judge(c.noise, alpha)
	if measured := (noise{squares: c.noise.squares, freedom: c.noise.freedom}); measured.freedom >= 1 {
		alone, pAlone := c.judge(measured, alpha)
		half, p = max(half, alone), max(p, pAlone)
	}
	up := c.d > 0 || c.d == 0 && !c.figure.less
	d := Difference{Metric: c.figure.metric, Container: c.figure.container, Unit: c.figure.unit, Before: c.figure.scale.from(c.before),
		After: c.figure.scale.from(c.after), AtLeast: c.atLeast, P: p, BeforeTrials: c.n, AfterTrials: c.m,
		Change: c.change(c.d), Noise: math.Abs(c.change(signed(half, up))), SmallestWorse: math.Abs(c.change(signed(half, !c.figure.less)))}
	if math.Abs(d.Change) > d.Noise {
		d.Worse = up != c.figure.less
		d.Better = !d.Worse && !c.atLeast
	}
	return d
}

// judge is how far the transformed difference may be from 0 at a level alpha in each direction, and its two-sided p-value,
// where the noise is n.
func (c comparison) judge(n noise, alpha float64) (half, p float64) {
	deviation := n.sigma() / math.Sqrt(c.weight)
	if deviation == 0 {
		return 0, 0
	}
	return tQuantile(1-alpha, n.degrees()) * deviation, min(1, 2*(1-tCDF(math.Abs(c.d)/deviation, n.degrees())))
}

// change is what a transformed difference d is in the unit of the figure; see Difference.Change.
func (c comparison) change(d float64) float64 {
	if c.figure.unit == "ratio" {
		return c.figure.scale.from(c.before+d) - c.figure.scale.from(c.before)
	}
	return math.Expm1(d)
}

func signed(x float64, up bool) float64 {
	if up {
		return x
	}
	return -x
}

// Uncompared says what two sets of trials can't be compared on although the first has it: containers that are gone, and, as
// sentences, figures that the second does not have, and containers that are new. Trials are those that Compare takes.
func Uncompared(before, after []Trial) (gone, notes []string) {
	before, after = Comparable(before), Comparable(after)
	if len(before) == 0 || len(after) == 0 {
		return nil, nil
	}
	was, is := before[len(before)-1].Step.Settings, after[len(after)-1].Step.Settings
	for _, c := range was {
		if _, ok := is.Of(c.Container); !ok {
			gone = append(gone, c.Container)
		}
	}
	for _, c := range is {
		if _, ok := was.Of(c.Container); !ok {
			notes = append(notes, fmt.Sprintf("container %s is not in the baseline, and is compared with nothing", c.Container))
		}
	}
	for _, f := range comparedFigures(before) {
		if _, ok := f.compare(before, after); ok || len(f.byScenario(before)) == 0 {
			continue
		}
		if _, ok := is.Of(f.container); ok || f.container == "" {
			notes = append(notes, fmt.Sprintf("%s can't be compared: the baseline has it, and one of the two does not know it exactly", f.name()))
		}
	}
	return gone, notes
}

func (f comparedFigure) name() string {
	return Difference{Metric: f.metric, Container: f.container}.name()
}

// smallestShown says how large a change for the worse had to be to show, of the figures that matter most.
func smallestShown(all []Difference) string {
	var parts []string
	for _, d := range all {
		switch d.Metric {
		case "p99 response time", "CPU per hit", "working set":
			parts = append(parts, d.name()+" "+d.sizeText(min(d.SmallestWorse, 10)))
		}
	}
	return "the smallest changes for the worse that these trials could have shown: " + strings.Join(parts, ", ")
}
