package reports

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// packed is v as JSON, gzipped, in base64, as a JSON string literal: about a tenth of the size.
func packed(v any) (template.JS, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if err := json.NewEncoder(z).Encode(v); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return template.JS(`"` + base64.StdEncoding.EncodeToString(b.Bytes()) + `"`), nil
}

// column is one series of a chart; NaN is "not known" and becomes null, a gap in the line.
type column []float64

// MarshalJSON writes four significant digits, more than a screen can show.
func (c column) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, x := range c {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, x, 'g', 4, 64)
	}
	return append(b, ']'), nil
}

// pageData is behind the charts over all trials.
type pageData struct {
	Chain        chainData        `json:"chain"`
	Ramp         rampData         `json:"ramp"`
	Distribution distributionData `json:"distribution"`
	Beside       besideData       `json:"beside"`
}

// trialData is behind the charts of one trial. Every column has one value for each of T.
type trialData struct {
	// T is seconds since load began.
	T      column  `json:"t"`
	Warmup float64 `json:"warmup"`
	// Hits per second; times in milliseconds.
	Offered    column            `json:"offered"`
	Throughput column            `json:"throughput"`
	Failed     column            `json:"failed"`
	P50        column            `json:"p50"`
	P99        column            `json:"p99"`
	Bounds     []boundData       `json:"bounds"`
	Containers []containerSeries `json:"containers"`
	Kills      []killData        `json:"kills"`
	Slopes     []slopeData       `json:"slopes"`
	Skew       skewData          `json:"skew"`
}

// boundData is an SLO on response time, in milliseconds.
type boundData struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// containerSeries is one container of one replica: CPU in millicores, throttled in percent of periods, memory in MiB.
type containerSeries struct {
	// Name is that in the key of its charts, cleaned: in an attribute a page turns some characters into others.
	Name    string `json:"name"`
	Replica int    `json:"replica"`
	// Limits; 0 is "not set".
	CPULimit    float64 `json:"cpu_limit"`
	MemoryLimit float64 `json:"memory_limit"`
	CPU         column  `json:"cpu"`
	Throttled   column  `json:"throttled"`
	Memory      column  `json:"memory"`
}

// killData is a mark on the charts of a container.
type killData struct {
	At        float64 `json:"at"`
	Container string  `json:"container"`
	Replica   int     `json:"replica"`
	OOM       bool    `json:"oom"`
	Text      string  `json:"text"`
}

// pageValues is how many values the charts of all trials may have together, and trialValues how few one trial gets;
// a value takes about four bytes in the page.
const (
	pageValues  = 150_000
	trialValues = 3_500
)

func newTrialData(r Run, t tuner.Trial) trialData {
	o := t.Observation
	d := trialData{Warmup: o.Warmup.Seconds(), Skew: newSkewData(t)}
	d.T = make(column, len(o.Seconds))
	for i, s := range o.Seconds {
		d.T[i] = s.At.Seconds()
	}
	pick := func(value func(tuner.Second) float64) column {
		c := make(column, len(o.Seconds))
		for i, s := range o.Seconds {
			c[i] = value(s)
		}
		return c
	}
	d.Offered = pick(func(s tuner.Second) float64 { return s.Offered })
	d.Throughput = pick(func(s tuner.Second) float64 { return s.Throughput })
	d.Failed = pick(func(s tuner.Second) float64 { return float64(s.Failed) })
	d.P50 = pick(func(s tuner.Second) float64 { return milliseconds(s.P50) })
	d.P99 = pick(func(s tuner.Second) float64 { return milliseconds(s.P99) })
	for _, c := range t.Step.Settings {
		for _, i := range shown(o, c.Container) {
			d.Containers = append(d.Containers, newContainerSeries(o.Containers[i], i, o.Seconds))
		}
	}
	d.Bounds = responseBounds(r, t.Step.Scenario)
	for _, k := range o.Kills {
		d.Kills = append(d.Kills, killData{k.At.Seconds(), Clean(k.Container), k.Replica,
			k.Kind == tuner.OOMKill || k.Kind == tuner.OOMAtStart || k.Kind == tuner.OOMChild, named(kills, k.Kind)})
	}
	for _, l := range t.Verdict.Leaks {
		if s, ok := newSlopeData(o, l); ok {
			d.Slopes = append(d.Slopes, s)
		}
	}
	d.thin(max(pageValues/len(r.Trials), trialValues))
	return d
}

// shownReplicas is how many replicas of a container a chart shows.
const shownReplicas = 4

// shown are the indices in o.Containers of the replicas of a container that charts and their tables show, ascending: all
// of them, or of many those that were killed and then those that used the most CPU.
func shown(o tuner.Observation, container string) []int {
	var all []int
	for i, c := range o.Containers {
		if c.Container == container {
			all = append(all, i)
		}
	}
	if len(all) <= shownReplicas {
		return all
	}
	rank := func(i int) float64 {
		c := o.Containers[i]
		killed := slices.ContainsFunc(o.Kills, func(k tuner.Kill) bool { return k.Container == container && k.Replica == c.Replica })
		switch {
		case killed:
			return math.Inf(1)
		case c.CPU == nil:
			return -1
		}
		return *c.CPU
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(rank(b), rank(a)) })
	all = all[:shownReplicas]
	slices.Sort(all)
	return all
}

// newContainerSeries is the container at index of every second.
func newContainerSeries(c tuner.ContainerUse, index int, seconds []tuner.Second) containerSeries {
	pick := func(value func(tuner.ContainerSecond) float64) column {
		all := make(column, len(seconds))
		for i, s := range seconds {
			all[i] = math.NaN()
			if index < len(s.Containers) {
				all[i] = value(s.Containers[index])
			}
		}
		return all
	}
	return containerSeries{
		Name: Clean(c.Container), Replica: c.Replica, CPULimit: float64(c.CPULimit), MemoryLimit: float64(c.MemoryLimit) / float64(scenarios.MiB),
		CPU:       pick(func(s tuner.ContainerSecond) float64 { return scaled(s.CPU, 1000) }),
		Throttled: pick(func(s tuner.ContainerSecond) float64 { return scaled(s.Throttled, 100) }),
		Memory:    pick(func(s tuner.ContainerSecond) float64 { return scaled(s.Memory, 1/float64(scenarios.MiB)) }),
	}
}

// scaled is *p × factor, NaN for nil.
func scaled[T float64 | scenarios.Bytes](p *T, factor float64) float64 {
	if p == nil {
		return math.NaN()
	}
	return float64(*p) * factor
}

// milliseconds of d; NaN for nil.
func milliseconds(d *time.Duration) float64 {
	if d == nil {
		return math.NaN()
	}
	return float64(*d) / float64(time.Millisecond)
}

// columns are all series of d but T.
func (d *trialData) columns() []*column {
	all := []*column{&d.Offered, &d.Throughput, &d.Failed, &d.P50, &d.P99}
	for i := range d.Containers {
		c := &d.Containers[i]
		all = append(all, &c.CPU, &c.Throttled, &c.Memory)
	}
	return all
}

// thin leaves at most about values values, at least 60 rows, and keeps every minimum and maximum: rows fall into
// buckets of equal length, and each column keeps the least and the largest value of each bucket, in order of time.
func (d *trialData) thin(values int) {
	columns := d.columns()
	buckets := max(values/(len(columns)+1), 60) / 2
	rows := len(d.T)
	if rows <= 2*buckets {
		return
	}
	times := make(column, 0, 2*buckets)
	for b := range buckets {
		low, high := b*rows/buckets, (b+1)*rows/buckets
		times = append(times, d.T[low], d.T[(low+high)/2])
	}
	for _, c := range columns {
		thinned := make(column, 0, 2*buckets)
		for b := range buckets {
			first, second := extremes((*c)[b*rows/buckets : (b+1)*rows/buckets])
			thinned = append(thinned, first, second)
		}
		*c = thinned
	}
	d.T = times
}

// extremes are the least and the largest known value of values in the order they come; NaN where none is known.
func extremes(values column) (first, second float64) {
	low, high := -1, -1
	for i, x := range values {
		if math.IsNaN(x) {
			continue
		}
		if low < 0 || x < values[low] {
			low = i
		}
		if high < 0 || x > values[high] {
			high = i
		}
	}
	if low < 0 {
		return math.NaN(), math.NaN()
	}
	return values[min(low, high)], values[max(low, high)]
}
