package reports

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/plimsoll/plimsoll/tuner"
)

// distributionData is response time over quantile for the first and the last trial under load. X is −log10(1 − q):
// 1 is p90, 2 is p99, 3 is p99.9.
type distributionData struct {
	X      column      `json:"x"`
	Trials []distLine  `json:"trials"`
	Bounds []boundData `json:"bounds"`
}

// distLine is one trial, in milliseconds.
type distLine struct {
	Name string `json:"name"`
	Time column `json:"time"`
}

// distribution compares the first and the last trial under load.
func distribution(r Run) ([]figure, distributionData) {
	chosen := firstAndLast(r)
	if len(chosen) == 0 {
		return nil, distributionData{}
	}
	d := distributionData{Bounds: responseBounds(r, chosen[len(chosen)-1].Step.Scenario)}
	table := grid{Head: []string{""}, Amounts: true}
	for _, q := range chosen[0].Observation.Load.Response {
		table.Rows = append(table.Rows, []string{quantileName(q.Q)})
	}
	var numbers []int
	for _, t := range chosen {
		numbers = append(numbers, t.Number)
		name := fmt.Sprintf("trial %d, %s", t.Number, t.Step.Scenario)
		table.Head = append(table.Head, name)
		for i, q := range chosen[0].Observation.Load.Response {
			text := unknown
			if x, ok := t.Observation.Load.Quantile(q.Q); ok {
				text = quantileTime(x)
			}
			table.Rows[i] = append(table.Rows[i], text)
		}
		d.Trials = append(d.Trials, distLine{Name: name})
	}
	d.fill(chosen)
	return []figure{{Kind: "distribution", Title: "Response times", Sentence: distributionSentence(chosen),
		Trials: links(r, numbers), Table: table}}, d
}

// firstAndLast are the first and the last judged trial under load; one, or none, where there are fewer.
func firstAndLast(r Run) []tuner.Trial {
	var all []tuner.Trial
	for _, t := range r.Trials {
		if l := t.Observation.Load; l != nil && len(l.Response) > 1 && t.Verdict.Judgement != tuner.Inconclusive {
			all = append(all, t)
		}
	}
	if len(all) < 2 {
		return all
	}
	return []tuner.Trial{all[0], all[len(all)-1]}
}

// fill reads the distributions at the same quantiles: from the histograms where every trial has one, otherwise from the
// quantiles recorded.
func (d *distributionData) fill(chosen []tuner.Trial) {
	var histograms []*hdrhistogram.Histogram
	for _, t := range chosen {
		if h, err := hdrhistogram.Decode([]byte(t.Observation.Load.Histogram)); err == nil && h.TotalCount() > 0 {
			histograms = append(histograms, h)
		}
	}
	if len(histograms) == len(chosen) {
		d.fromHistograms(histograms)
		return
	}
	for _, q := range chosen[0].Observation.Load.Response {
		if q.Q >= 1 {
			continue
		}
		d.X = append(d.X, nines(q.Q))
		for i, t := range chosen {
			y := math.NaN()
			if x, ok := t.Observation.Load.Quantile(q.Q); ok {
				y = x.Time.Seconds() * 1e3
			}
			d.Trials[i].Time = append(d.Trials[i].Time, y)
		}
	}
}

// fromHistograms reads as far to the right as the smallest histogram has hits: p99.9 needs a thousand.
func (d *distributionData) fromHistograms(histograms []*hdrhistogram.Histogram) {
	end := math.Inf(1)
	for _, h := range histograms {
		end = min(end, math.Log10(float64(h.TotalCount())))
	}
	for x := 0.0; x <= end; x += 0.05 {
		d.X = append(d.X, x)
		for i, h := range histograms {
			at := time.Duration(h.ValueAtQuantile(100 * (1 - math.Pow(10, -x))))
			d.Trials[i].Time = append(d.Trials[i].Time, float64(at)/float64(time.Millisecond))
		}
	}
}

func nines(q float64) float64 { return -math.Log10(1 - q) }

func distributionSentence(chosen []tuner.Trial) string {
	var parts string
	for i, t := range chosen {
		median, okM := t.Observation.Load.Quantile(0.5)
		tail, okT := t.Observation.Load.Quantile(0.99)
		if !okM || !okT {
			continue
		}
		if i > 0 {
			parts += "; "
		}
		parts += fmt.Sprintf("half of all hits of trial %d ended within %s, 99 %% within %s", t.Number, quantileTime(median), quantileTime(tail))
	}
	if parts == "" {
		return "Quantiles of response time."
	}
	return "Over the judged window " + parts + "."
}
