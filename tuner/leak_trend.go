package tuner

import (
	"math"
	"slices"
)

// How a trend is judged. The values were set by simulation (bench/tuner prints what they give); the first two trade
// leaks found against false alarms.
const (
	// growsSigmas is how many standard errors a rise must be to be one.
	growsSigmas = 1.9
	// slowsBy is how much better (an F value) a curve that levels off must fit than a line before the growth is said to
	// slow down.
	slowsBy = 4.5
	// maxBlocks is into how many blocks a soak is cut.
	maxBlocks = 72
	// dropScales and stepScales say how many times the usual change a collection, or a step, must be.
	dropScales, stepScales = 8.0, 5.0
)

// trend is the growth of a series of blocks over the whole of it, in the unit of the series.
type trend struct {
	level       float64 // median of the blocks
	rise, sigma float64 // Theil–Sen's, and its standard error with autocorrelation taken into account
	low, high   float64 // the smaller and the larger of Theil–Sen's rise and that of regression
	bend        float64 // F of a curve that levels off against the line
	beside      float64 // rise of the line beside a curve that levels off
	besideSigma float64
	secondHalf  float64 // rise of the second half alone, scaled to the whole
}

// growth is the verdict; matters is the level times how much more than over a long soak it must grow.
//
// A leak rises by a size that matters, more than chance explains, and its second half rises too: at half the rate of
// the whole at least, or so noisily that it may. Where a curve that levels off (a cache that fills) fits better than a
// line, the line must rise beside that curve.
func (t trend) growth(matters float64) Growth {
	half := t.secondHalf + 2*math.Pow(2, 1.5)*t.sigma
	switch {
	case t.low <= growsSigmas*t.sigma && t.high+2*t.sigma < flatGrowth*t.level:
		return Flat
	case t.low <= growsSigmas*t.sigma || t.low <= leakGrowth*matters:
		return Unclear
	case half < t.low/2:
		return Unclear
	case t.bend < slowsBy:
		return Grows
	case t.beside > 2*t.besideSigma && t.beside > slowLeakGrowth*matters && half >= t.beside/2:
		return Grows
	}
	return Unclear
}

// trendOf finds the trend of a memory series of at least leakSamples samples, ascending in time.
//
// Memory is no independent noise: it wanders. Mann–Kendall on raw samples calls 40 % of such series leaks. So the
// series is reduced to block minima (what garbage collection leaves), single steps (an arena, a plugin) are taken out,
// and the standard error comes from a regression with first-order autocorrelated errors (prais). Columns: 1, time, and
// where collections were seen the time since the last one.
func trendOf(samples []sample) trend { return floorOf(samples).trend() }

// trend finds the trend of blocks.
func (f blocks) trend() trend {
	f.removeSteps()
	line := f.columns()
	flat := append(line[:1:1], line[2:]...)

	r := prais(line, f.level, autocorrelation(line, f.level))
	even := slices.Clone(f.level) // without what the cycle adds
	if len(line) > 2 {
		for i := range even {
			even[i] -= r.b[2] * line[2][i]
		}
	}
	sen := theilSen(f.at, even)
	half := len(even) / 2
	t := trend{level: median(f.level), rise: sen, sigma: r.sigma[1], low: min(sen, r.b[1]), high: max(sen, r.b[1]),
		secondHalf: theilSen(f.at[half:], even[half:])}
	curved := math.Inf(1)
	for _, curve := range append(f.levelling(.03, .05, .08, .12, .18, .25, .35, .5), f.filling(.3, .5, .7)...) {
		if c := prais(append(flat[:len(flat):len(flat)], curve), f.level, r.phi); c.b[len(c.b)-1] > 0 {
			curved = min(curved, c.rss)
		}
	}
	t.bend = (r.rss - curved) / (r.rss / float64(len(f.at)-3))
	if r.rss == 0 {
		t.bend = 0
	}
	t.beside, t.besideSigma = f.beside(line)
	return t
}

// beside is the rise of a line beside a curve that has levelled off before the end of the soak: of all such curves that
// fit about equally well (a likelihood ratio within its 84 % interval), the one that leaves the line the least.
func (f blocks) beside(line [][]float64) (rise, sigma float64) {
	curves := append(f.levelling(.03, .05, .08, .12, .18, .25), f.filling(.3, .5, .7)...)
	best, phi := math.Inf(1), 0.0
	for _, curve := range curves {
		x := append(line[:len(line):len(line)], curve)
		if r := prais(x, f.level, 0); r.rss < best {
			best, phi = r.rss, autocorrelation(x, f.level)
		}
	}
	var fits []regression
	best = math.Inf(1)
	for _, curve := range curves {
		r := prais(append(line[:len(line):len(line)], curve), f.level, phi)
		if r.b[len(r.b)-1] > 0 {
			fits, best = append(fits, r), min(best, r.rss)
		}
	}
	low := math.Inf(1)
	for _, r := range fits {
		if z := r.b[1] / r.sigma[1]; r.rss <= best*(1+2/float64(len(f.at))) && z < low {
			low, rise, sigma = z, r.b[1], r.sigma[1]
		}
	}
	return rise, sigma
}

// blocks is a series reduced to one level a block: at is 0–1 over the soak, since the time since the last collection on
// the same scale; nil where none was seen.
type blocks struct{ at, level, since []float64 }

// floorOf cuts a memory series into blocks of equal counts and keeps the least of each.
func floorOf(samples []sample) blocks {
	n := len(samples)
	begin, length := samples[0].at, float64(samples[n-1].at-samples[0].at)
	at := func(i int) float64 { return float64(samples[i].at-begin) / length }
	since := sinceCollection(samples, at)
	var f blocks
	for b, count := 0, min(maxBlocks, n/2); b < count; b++ {
		least := b * n / count
		for i := least; i < (b+1)*n/count; i++ {
			if samples[i].value < samples[least].value {
				least = i
			}
		}
		f.at, f.level = append(f.at, at(least)), append(f.level, samples[least].value)
		if since != nil {
			f.since = append(f.since, since[least])
		}
	}
	return f
}

// sinceCollection is for each sample the time since memory last fell by far more than it usually changes; nil where it
// did so less than three times. Before the first time, a cycle of mean length is assumed.
func sinceCollection(samples []sample, at func(int) float64) []float64 {
	bytes := make([]float64, len(samples))
	for i, s := range samples {
		bytes[i] = s.value
	}
	change, usual := changes(bytes, 0.001)
	var drops []int
	for i, d := range change {
		if d < -dropScales*usual {
			drops = append(drops, i+1)
		}
	}
	if len(drops) < 3 {
		return nil
	}
	since := make([]float64, len(samples))
	cycle := (at(drops[len(drops)-1]) - at(drops[0])) / float64(len(drops)-1)
	last, next := at(drops[0])-cycle, 0
	for i := range since {
		if next < len(drops) && i == drops[next] {
			last, next = at(i), next+1
		}
		since[i] = math.Max(at(i)-last, 0)
	}
	return since
}

// removeSteps takes out up to two single steps upwards. Steps again and again are a leak in portions and stay.
func (f blocks) removeSteps() {
	for range 2 {
		change, usual := changes(f.level, 0.0005)
		largest := 0
		for i, d := range change {
			if d > change[largest] {
				largest = i
			}
		}
		step := change[largest] - median(change)
		if step < stepScales*usual {
			return
		}
		for i := largest + 1; i < len(f.level); i++ {
			f.level[i] -= step
		}
	}
}

// changes are the differences between neighbours, and how large they usually are: their median absolute deviation,
// scaled to a standard deviation, but at least a ratio of the level.
func changes(x []float64, least float64) (change []float64, usual float64) {
	change = make([]float64, len(x)-1)
	for i := range change {
		change[i] = x[i+1] - x[i]
	}
	middle := median(change)
	away := make([]float64, len(change))
	for i, d := range change {
		away[i] = math.Abs(d - middle)
	}
	return change, math.Max(1.4826*median(away), least*median(x))
}

// columns are 1, time and, where there are collections, the time since the last one.
func (f blocks) columns() [][]float64 {
	ones := make([]float64, len(f.at))
	for i := range ones {
		ones[i] = 1
	}
	x := [][]float64{ones, f.at}
	if f.since != nil {
		x = append(x, f.since)
	}
	return x
}

// levelling are the curves 1 − exp(−t/tau): a cache that is hit at random fills like that. tau as ratios of the soak.
func (f blocks) levelling(taus ...float64) [][]float64 {
	return f.curves(taus, func(t, tau float64) float64 { return 1 - math.Exp(-t/tau) })
}

// filling are straight lines up to an instant and flat from there on: a heap or a buffer that fills and is then full.
func (f blocks) filling(untils ...float64) [][]float64 {
	return f.curves(untils, func(t, until float64) float64 { return math.Min(t/until, 1) })
}

func (f blocks) curves(parameters []float64, curve func(t, parameter float64) float64) [][]float64 {
	var all [][]float64
	for _, p := range parameters {
		y := make([]float64, len(f.at))
		for i, t := range f.at {
			y[i] = curve(t-f.at[0], p)
		}
		all = append(all, y)
	}
	return all
}
