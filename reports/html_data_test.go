package reports

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/plimsoll/plimsoll/tuner"
)

func TestColumnsHaveGapsAndFourDigits(t *testing.T) {
	b, err := json.Marshal(column{1, math.NaN(), 0, 1234567, 0.123456})
	if err != nil {
		t.Fatal(err)
	}
	if want := "[1,null,0,1.235e+06,0.1235]"; string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
}

func TestThinningKeepsExtremesAndGaps(t *testing.T) {
	d := trialData{}
	for i := range 3600 {
		d.T = append(d.T, float64(i+1))
		d.P99 = append(d.P99, 10)
		for _, c := range []*column{&d.Offered, &d.Throughput, &d.Failed, &d.P50} {
			*c = append(*c, math.NaN())
		}
	}
	d.P99[1234], d.P99[2345] = 9000, 0.5
	d.thin(600)
	if rows := len(d.T); rows > 120 || rows < 60 || len(d.P99) != rows || len(d.Failed) != rows {
		t.Fatalf("%d rows, %d of p99", rows, len(d.P99))
	}
	if slices.Max(d.P99) != 9000 || slices.Min(d.P99) != 0.5 {
		t.Errorf("p99 is now between %v and %v", slices.Min(d.P99), slices.Max(d.P99))
	}
	if !slices.IsSorted(d.T) || d.T[0] != 1 {
		t.Error("times are not in order")
	}
	if !math.IsNaN(d.P50[0]) {
		t.Error("what was not known became a value")
	}
}

func TestThinningLeavesShortTrialsAlone(t *testing.T) {
	d := trialData{T: column{1, 2, 3}, Offered: column{1, 2, 3}, Throughput: column{1, 2, 3}, Failed: column{0, 0, 0}, P50: column{1, 1, 1}, P99: column{1, 2, 1}}
	d.thin(1)
	if len(d.T) != 3 {
		t.Errorf("%d rows of 3", len(d.T))
	}
}

func TestOfManyReplicasTheKilledAndTheBusiestShow(t *testing.T) {
	var o tuner.Observation
	for replica := range 40 {
		o.Containers = append(o.Containers, tuner.ContainerUse{Container: "app", Replica: replica, CPU: new(float64(replica))},
			tuner.ContainerUse{Container: "proxy", Replica: replica})
	}
	o.Kills = []tuner.Kill{{Kind: tuner.OOMKill, Container: "app", Replica: 3}}
	o.Containers[78].CPU = nil // the busiest is not known
	if got, want := shown(o, "app"), []int{6, 72, 74, 76}; !slices.Equal(got, want) {
		t.Errorf("shown %v, want %v", got, want)
	}
	if got := shown(o, "proxy"); len(got) != shownReplicas {
		t.Errorf("shown %v, want %d", got, shownReplicas)
	}
}

func TestKnee(t *testing.T) {
	run := fixtureRun()
	for number, want := range map[int]string{
		2: "In trial 2 the knee lies between 50 and 100 hits/s: 80 % of the offered rate ok, throttled in 98 % of periods.",
		8: "Trial 8 shows no knee: it kept up with all of it, 200/s at the end.",
	} {
		trial, _ := run.trial(number)
		if got := knee(trial); got != want {
			t.Errorf("trial %d: %q, want %q", number, got, want)
		}
	}
}

func TestUnknownIsNeverZero(t *testing.T) {
	r := fixtureRun()
	trial := r.Trials[6]
	trial.Observation.Containers = slices.Clone(trial.Observation.Containers)
	for i := range trial.Observation.Containers {
		c := &trial.Observation.Containers[i]
		*c = tuner.ContainerUse{Container: c.Container, Replica: c.Replica, CPULimit: c.CPULimit, MemoryLimit: c.MemoryLimit}
	}
	o := trial.Observation
	if got := cpuSentence(o, "app"); got != "Its CPU usage is not known." {
		t.Errorf("CPU: %q", got)
	}
	if got := memorySentence(o, "app"); got != "Its working set is not known; nothing in it was seen to be killed." {
		t.Errorf("memory: %q", got)
	}
	for _, cell := range uses(o).Rows[0][1:4] {
		if cell != unknown {
			t.Errorf("CPU cell %q", cell)
		}
	}
}
