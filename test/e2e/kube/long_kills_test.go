package kube

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/test/kube"
)

// kills is how many runs TestLongKills kills.
const kills = 50

// Whole runs, with autoscalers pinned and a Job for the load, are killed at random instants; after one restore, or after
// the next run, everything is as it was, and no Job, Lease or annotation is left.
func TestLongKills(t *testing.T) {
	whole(t)
	from := *seed
	if from == 0 {
		from = time.Now().UnixNano()
	}
	t.Logf("seed %d; go on with it by: -args -long -seed=%d", from, from)
	chance := rand.New(rand.NewPCG(uint64(from), 0))
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	s.loadPlimsoll(t)
	grantReader(t, s.Clients, s.ns, true)
	s.write(t, file{Trials: 2})
	before := s.snapshot(t)
	args := []string{"--load-from", "job", "--image", kube.PlimsollImage, "--metrics", "metrics-server"}
	began := time.Now()
	code, printed := s.tune(t, args...)
	lasts := time.Since(began)
	if code == 2 || code == 4 {
		t.Fatalf("a run that nobody kills ends with %d:\n%s", code, printed)
	}
	t.Logf("a whole run takes %v", lasts.Round(time.Second))
	s.unchanged(t, before, printed)
	for i := range kills {
		after := time.Duration(chance.Int64N(int64(lasts)))
		if !t.Run(fmt.Sprintf("%d, after %v", i+1, after.Round(time.Millisecond)), func(t *testing.T) { s.killAt(t, after, i%4 == 3, before, args) }) {
			break // what one leaves would be found by all that follow
		}
	}
}

// killAt kills a run after that long, and has restore, or the next run, put back what it left.
func (s site) killAt(t *testing.T, after time.Duration, next bool, before map[string]any, args []string) {
	cmd, said := s.command(t, append([]string{"tune", "--yes", "--overwrite"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // killed, mostly: an error
	}()
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ended:
	}
	_ = cmd.Process.Kill() // an error where it has ended
	<-ended
	code, printed := 0, ""
	if next {
		code, printed = s.tune(t, append(args, "--max-trials", "1")...)
	} else {
		code, printed = s.run(t, "restore", "-n", s.ns)
	}
	if code == 4 || !next && code != 0 {
		t.Errorf("what puts back ended with %d", code)
	}
	s.awaitReady(t)
	kube.Await(t, "the end of the Pods of every Job", func(context.Context) bool {
		return s.Kubectl(t, "-n", s.ns, "get", "pods,secrets", "-l", "app.kubernetes.io/managed-by=plimsoll", "-o", "name") == ""
	})
	s.unchanged(t, before, "(the run that was killed)\n"+said.String()+"\n(what put back)\n"+printed)
}
