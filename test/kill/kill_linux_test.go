package kill

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/tuner"
)

var (
	kills = flag.Int("kills", 20, "how often plimsoll is killed")
	seed  = flag.Uint64("seed", 0, "of the instants; 0 takes a new one, which is printed")
)

// Half of the kills come while plimsoll starts up, where most of what can be left behind is made; the others come
// within the first few trials.
const (
	starting = 400 * time.Millisecond
	running  = 5 * time.Second
)

func TestKilledAnywhere(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("%d kills, -seed=%d", *kills, *seed)
	chance := rand.New(rand.NewPCG(*seed, 0))
	place := newPlace(t)
	var kept []tuner.Trial
	found := 0
	for i := 0; i < *kills; {
		most := starting
		if i%2 == 1 {
			most = running
		}
		after := time.Duration(chance.Int64N(int64(most)))
		pid, killed := place.kill(t, after)
		if !killed {
			kept = nil // the search came to its end: the next one begins anew
			continue
		}
		i++
		found += len(cgroupsOf(t, pid))
		place.startAgain(t)
		place.expectNothingLeft(t, fmt.Sprintf("kill %d, after %v", i, after), pid)
		kept = place.expectKept(t, kept)
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d cgroups were left by kills and removed by the next start; %d trials were kept", found, len(kept))
	place.expectGoesOn(t, kept)
}

// expectNothingLeft fails where the killed run, or the start after it, still has a process or a cgroup.
func (p place) expectNothingLeft(t *testing.T, when string, pid int) {
	t.Helper()
	for _, dir := range cgroupsOf(t, pid) {
		t.Errorf("%s: cgroup %s is left", when, dir)
	}
	for _, process := range p.processes(t) {
		t.Errorf("%s: process %s is left", when, process)
	}
}

// expectKept fails where the run log is damaged or lost one of the trials before, and returns those in it now.
func (p place) expectKept(t *testing.T, before []tuner.Trial) []tuner.Trial {
	t.Helper()
	contents, err := runlog.Open(p.log())
	if len(before) == 0 && (errors.Is(err, runlog.ErrEmpty) || errors.Is(err, os.ErrNotExist)) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(contents.Trials) < len(before) {
		t.Fatalf("the run log holds %d trials, there were %d before", len(contents.Trials), len(before))
	}
	for i, trial := range before {
		if !reflect.DeepEqual(contents.Trials[i], trial) {
			t.Errorf("trial %d in the run log has changed", i+1)
		}
	}
	return contents.Trials
}

// expectGoesOn resumes the search for one more trial, and fails where it does not end with a result.
func (p place) expectGoesOn(t *testing.T, before []tuner.Trial) {
	t.Helper()
	p.finish(t, len(before)+1)
	p.expectKept(t, before)
	contents, err := runlog.Open(p.log())
	if err != nil {
		t.Fatal(err)
	}
	if contents.Result == nil {
		t.Errorf("the resumed search left no result after %d trials", len(contents.Trials))
	}
}
