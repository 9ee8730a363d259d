package restore

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if defect := os.Getenv(playedVariable); defect != "" {
		os.Exit(play(os.Args[1:], defect))
	}
	os.Exit(m.Run())
}

// caught are the defects with a case that has to find each, and what is said of it then.
var caught = []struct {
	defect string
	c      trouble
	says   string
}{
	{forgetsHPA, trouble{}, "horizontalpodautoscalers/web is not as it was"},
	{leavesLease, trouble{}, "leases/played is left behind"},
	{leavesSecret, trouble{}, "secrets/played is left behind"},
	{leavesRecord, trouble{}, wasAnnotation},
	{leavesHistory, trouble{}, "is left behind"},
	{ownsField, trouble{}, "plimsoll owns"},
	{wrongAbsent, trouble{}, "evictAfterOOMSeconds"},
	{touchesOther, trouble{}, "secrets/other is not as it was"},
	{onlyInMemory, trouble{fault: fault{killAfter, 2, 1}}, "horizontalpodautoscalers/web is not as it was"},
	{recordsLate, trouble{fault: fault{killBefore, 3, 1}}, "horizontalpodautoscalers/web is not as it was"},
	{overwrites, trouble{fault: fault{foreign, 3, 1}, Edit: "HPA maxReplicas"}, "horizontalpodautoscalers/web is not as it was"},
	{silent, trouble{fault: fault{foreign, 3, 1}, Edit: "HPA maxReplicas"}, "does not say that somebody else set 9"},
	{givesUp, trouble{fault: fault{unavailable, 4, 1}}, "although the API server answered again"},
	{givesUp, trouble{fault: fault{lost, 2, 1}}, "exit code 4, and everything is put back"},
	{liesOK, trouble{}, "exit code 0, and not everything is put back"},
	{liesNot, trouble{}, "exit code 4, and everything is put back"},
	{noCommand, trouble{fault: fault{reset, 4, forGood}}, "does not name the command"},
	{panics, trouble{}, "panicked"},
}

// harnessFinds has every defect played and fails where the harness does not find it, or finds one in the correct program.
func harnessFinds(t *testing.T, w *world) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	turns := make(chan bool, *atOnce)
	var finding sync.WaitGroup
	for _, x := range caught {
		x.c.Workload = "deployment"
		finding.Go(func() {
			turns <- true
			defer func() { <-turns }()
			program := program{path: self, environment: []string{playedVariable + "=" + x.defect}}
			bad, err := playAlone(t, w, program, x.c, time.Second)
			if err != nil || !strings.Contains(strings.Join(bad, "\n"), x.says) {
				t.Errorf("a program that %s, %v: want something like %q, the harness says: %v\n%s", x.defect, x.c, x.says, err, strings.Join(bad, "\n"))
			}
			if x.c.times == forGood {
				return // there the correct program gives up too
			}
			program.environment = []string{playedVariable + "=" + correct}
			if bad, err := playAlone(t, w, program, x.c, time.Second); err != nil || len(bad) > 0 {
				t.Errorf("%v: the correct program is found wrong: %v\n%s", x.c, err, strings.Join(bad, "\n"))
			}
		})
	}
	finding.Wait()
}

// playAlone plays one case on a stage of its own. Its error is one of the test itself.
func playAlone(t *testing.T, w *world, p program, c trouble, patience time.Duration) ([]string, error) {
	s := &stage{world: w, workload: c.Workload, dir: t.TempDir(), proxy: newProxy(t, w.control.config(userToken)), patience: patience}
	if err := s.build(t.Context()); err != nil {
		return nil, err
	}
	r, err := s.play(t.Context(), p, c)
	if err == nil && c.damage != none && !r.Reached {
		err = fmt.Errorf("the program makes %d calls only", len(r.Calls))
	}
	return r.Bad, err
}
