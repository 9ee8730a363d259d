package reports

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// Where a clock is bounded from both sides, from one, or not at all, that is what is said of it.
func TestClock(t *testing.T) {
	ahead, behind, within := 3*time.Millisecond, -40*time.Millisecond, 4*time.Millisecond
	for _, c := range []struct {
		place *tuner.Place
		want  string
	}{
		{nil, ""},
		{&tuner.Place{}, "its clock could not be compared"},
		{&tuner.Place{ClockOffset: &ahead}, "its clock at least 3 ms ahead"},
		{&tuner.Place{ClockOffset: &behind}, "its clock at most 40 ms behind"},
		{&tuner.Place{ClockOffset: &ahead, ClockWithin: &within}, "its clock 3 ms ahead, within 4 ms"},
		{&tuner.Place{ClockOffset: &behind, ClockWithin: &within}, "its clock 40 ms behind, within 4 ms"},
	} {
		if got := clockOf(c.place); got != c.want {
			t.Errorf("%+v: %q, want %q", c.place, got, c.want)
		}
	}
}

// A run in a cluster says in every long format where its load came from and where its counters were read.
func TestPlacesAreShown(t *testing.T) {
	r := fixtureRun()
	offset, within := 3*time.Millisecond, 4*time.Millisecond
	o := &r.Trials[len(r.Trials)-1].Observation
	o.Load.From = &tuner.Place{Where: "Pod shop/plimsoll-load-x on node <a>", ClockOffset: &offset, ClockWithin: &within}
	o.Reader = &tuner.Place{Where: "Pod shop/plimsoll-read-x on node b"}
	for i := range o.Containers {
		o.Containers[i].Source = "kubelet, read in the cluster"
	}
	for name, c := range map[string]struct {
		write func(*bytes.Buffer) error
		want  []string
	}{
		"markdown": {func(b *bytes.Buffer) error { return Markdown(b, r) }, []string{
			"Load from Pod shop/plimsoll-load-x on node &lt;a&gt; (its clock 3 ms ahead, within 4 ms); counters: kubelet, read in the cluster, by Pod shop/plimsoll-read-x on node b (its clock could not be compared)."}},
		"html": {func(b *bytes.Buffer) error { return HTML(b, r) }, []string{
			"Pod shop/plimsoll-load-x on node &lt;a&gt;", "its clock 3 ms ahead, within 4 ms", "Pod shop/plimsoll-read-x on node b"}},
		"json": {func(b *bytes.Buffer) error { return JSON(b, r) }, []string{`"clock_offset_ns": 3000000`, `"counters_read_by": {`}},
	} {
		var b bytes.Buffer
		if err := c.write(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
	var b bytes.Buffer
	if err := JSON(&b, fixtureRun()); err != nil || !json.Valid(b.Bytes()) || strings.Contains(b.String(), "clock_offset_ns") {
		t.Errorf("a run on one machine has a clock beside its own (%v)", err)
	}
}
