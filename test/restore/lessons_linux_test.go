package restore

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// lesson is a way in which tools that change live objects have failed to put them back, seen in their issues; see
// docs/reliability.md.
type lesson struct {
	name string
	// cases show that it does not happen here; calls are the mutating calls of a search without a fault, by workload.
	cases func(calls map[string][]string) []trouble
	// test shows it where no case does.
	test func(t *testing.T, s *stage, p program)
}

// The calls that cases name.
const (
	leaseCall     = "POST /apis/coordination.k8s.io/"
	hpaCall       = "PATCH /apis/autoscaling/v2/"
	vpaCall       = "PATCH /apis/autoscaling.k8s.io/"
	kedaCall      = "PATCH /apis/keda.sh/"
	workloadCall  = "PATCH /apis/apps/v1/"
	revisionsCall = "DELETE /apis/apps/v1/"
)

// first is the number of the first call that begins like it, from 1, and last of the last; 0 where none does.
func first(calls []string, like string) int {
	return 1 + slices.IndexFunc(calls, func(c string) bool { return strings.HasPrefix(c, like) })
}

func last(calls []string, like string) int {
	for i := len(calls); i > 0; i-- {
		if strings.HasPrefix(calls[i-1], like) {
			return i
		}
	}
	return 0
}

func lessons() []lesson {
	at := func(workload string, d damage, call, n int) trouble {
		return trouble{Workload: workload, fault: fault{d, call, n}}
	}
	return []lesson{
		{name: "L1 recorded in the write that changes", cases: func(calls map[string][]string) []trouble {
			return []trouble{at("deployment", killAfter, first(calls["deployment"], workloadCall), 1), at("daemonset", killAfter, first(calls["daemonset"], workloadCall), 1)}
		}},
		{name: "L2 originals are never in memory only", cases: func(calls map[string][]string) []trouble {
			return []trouble{at("deployment", killAfter, first(calls["deployment"], hpaCall), 1), at("statefulset", killAfter, first(calls["statefulset"], vpaCall), 1)}
		}},
		{name: "L3 field by field, and absent is a value", cases: func(calls map[string][]string) []trouble {
			c := at("daemonset", foreign, first(calls["daemonset"], workloadCall), 1)
			c.Edit = "memory limit"
			return []trouble{at("daemonset", killBefore, last(calls["daemonset"], workloadCall), 1), c}
		}},
		{name: "L4 a target that was deleted", cases: func(calls map[string][]string) []trouble {
			c := at("deployment", foreign, first(calls["deployment"], workloadCall), 1)
			c.Edit = "workload deleted"
			return []trouble{c}
		}},
		{name: "L5 clean-up stands before the first change", cases: func(calls map[string][]string) []trouble {
			return []trouble{at("deployment", interrupted, 1, 1), at("deployment", interrupted, 2, 1)}
		}},
		{name: "L6 a conflict is read again", cases: func(calls map[string][]string) []trouble {
			return []trouble{at("deployment", conflict, last(calls["deployment"], hpaCall), 3)}
		}},
		{name: "L7 put back means Ready", test: readyAtOnce},
		{name: "L8 what was done before an error is undone", cases: func(calls map[string][]string) []trouble {
			return []trouble{at("deployment", invalid, first(calls["deployment"], vpaCall), 5)}
		}},
		{name: "L9 the Lease says who holds it", test: leaseNamesItsHolder},
		{name: "L10 the Lease of a lost run heals", cases: func(calls map[string][]string) []trouble {
			c := at("statefulset", killAfter, first(calls["statefulset"], leaseCall), 1)
			c.Next = true
			return []trouble{c}
		}},
		{name: "L11 restoring what is unchanged changes nothing", test: nothingToRestore},
		{name: "L12 SIGTERM restores first and reports later", test: restoresFirst},
		{name: "L13 what GitOps manages is refused", test: refusesGitOps},
		{name: "L14 a paused autoscaler goes on", cases: func(calls map[string][]string) []trouble {
			return []trouble{at("scaledobject", killAfter, first(calls["scaledobject"], kedaCall), 1)}
		}},
		{name: "L15 nothing is left behind", cases: func(calls map[string][]string) []trouble {
			return []trouble{at("deployment", killAfter, first(calls["deployment"], revisionsCall), 1)}
		}},
		{name: "L16 an autoscaler that acts on what it was", test: lateAutoscaler},
	}
}

// learned plays every lesson.
func learned(t *testing.T, w *world, p program, calls map[string][]string) {
	for _, l := range lessons() {
		t.Run(l.name, func(t *testing.T) {
			if l.test != nil {
				s := &stage{world: w, workload: complete, dir: t.TempDir(), proxy: newProxy(t, w.control.config(userToken)), patience: controllersTime}
				if err := s.build(t.Context()); err != nil {
					t.Fatal(err)
				}
				l.test(t, s, p)
				return
			}
			for _, c := range l.cases(calls) {
				if c.call == 0 {
					t.Errorf("%v: the search makes no such call: %v", c, calls[c.Workload])
					continue
				}
				if bad, err := playAlone(t, w, p, c, controllersTime); err != nil || len(bad) > 0 {
					t.Errorf("%v: %v\n%s", c, err, strings.Join(bad, "\n"))
				}
			}
		})
	}
}

// stopAt runs a search that something is done to right after a call, and returns when it has ended.
func (s *stage) stopAt(ctx context.Context, p program, call int, act func(*run)) (int, string, error) {
	ready := make(chan *run, 1)
	s.proxy.set(fault{foreign, call, 1}, func() { act(<-ready) })
	run, err := s.start(p, s.tune(restoreTime))
	if err != nil {
		return 0, "", err
	}
	ready <- run
	code, err := run.wait(ctx)
	s.proxy.set(fault{}, nil)
	return code, run.said.String(), err
}

// afterTrial is a call in the midst of the search: the first change of the workload comes before it.
const afterTrial = 5

// readyAtOnce: when the command has ended, the old Pods run, and nobody has to wait for anything.
func readyAtOnce(t *testing.T, s *stage, p program) {
	if _, _, err := s.stopAt(t.Context(), p, afterTrial, func(r *run) { r.kill() }); err != nil {
		t.Fatal(err)
	}
	s.patience = 0
	bad, err := s.heal(t.Context(), p, false, s.before)
	if err != nil || len(bad) > 0 {
		t.Errorf("%v\n%s", err, strings.Join(bad, "\n"))
	}
}

func leaseNamesItsHolder(t *testing.T, s *stage, p program) {
	var list *coordinationv1.LeaseList
	var pid int
	_, said, err := s.stopAt(t.Context(), p, afterTrial, func(r *run) {
		pid = r.Process.Pid
		list, _ = s.typed.CoordinationV1().Leases(s.namespace).List(t.Context(), metav1.ListOptions{})
		_ = r.Process.Signal(syscall.SIGINT)
	})
	if err != nil {
		t.Fatal(err)
	}
	if list == nil || len(list.Items) != 1 {
		t.Fatalf("want one Lease while the search goes on, there is %v\n%s", list, said)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	lease := list.Items[0]
	text := fmt.Sprint(*lease.Spec.HolderIdentity, lease.Annotations)
	for _, part := range []string{host, fmt.Sprint(pid)} {
		if !strings.Contains(text, part) {
			t.Errorf("the Lease says %s, not %q", text, part)
		}
	}
	if lease.Spec.RenewTime == nil || time.Since(lease.Spec.RenewTime.Time) > time.Minute || lease.Spec.LeaseDurationSeconds == nil {
		t.Errorf("the Lease does not say when it was renewed and for how long: %v", lease.Spec)
	}
}

// nothingToRestore: of the workload by name, and of the whole namespace.
func nothingToRestore(t *testing.T, s *stage, p program) {
	for _, args := range [][]string{s.putBack(), slices.Delete(s.putBack(), 1, 2)} {
		s.proxy.set(fault{}, nil)
		run, err := s.start(p, args)
		if err != nil {
			t.Fatal(err)
		}
		code, err := run.wait(t.Context())
		if err != nil || code != 0 {
			t.Errorf("%v: exit code %d, %v\n%s", args, code, err, run.said.String())
		}
		for _, call := range s.proxy.seen() {
			if !strings.Contains(call, "/leases") {
				t.Errorf("%v: there is nothing to put back, and it calls %s", args, call)
			}
		}
		if e, err := s.ending(t.Context(), code, run.said.String(), s.before); err != nil || !e.clean() {
			t.Errorf("%v: %v %v", args, err, e.wrong)
		}
	}
}

// restoresFirst: a machine that goes down gives little time, and a report can be made again from the run log.
func restoresFirst(t *testing.T, s *stage, p program) {
	code, said, err := s.stopAt(t.Context(), p, afterTrial, func(r *run) { _ = r.Process.Signal(syscall.SIGTERM) })
	if err != nil || code == exitNotRestored {
		t.Fatalf("exit code %d, %v\n%s", code, err, said)
	}
	if written := modified(s.file("report/report.html")); written.Before(s.proxy.ended()) {
		t.Errorf("the report was written at %v, the last change put back at %v", written, s.proxy.ended())
	}
}

func refusesGitOps(t *testing.T, s *stage, p program) {
	target, err := s.target()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.patch(t.Context(), target, "web", `{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:shop/web"}}}`); err != nil {
		t.Fatal(err)
	}
	s.proxy.set(fault{}, nil)
	run, err := s.start(p, s.tune(restoreTime))
	if err != nil {
		t.Fatal(err)
	}
	code, err := run.wait(t.Context())
	if err != nil || code != 2 || !strings.Contains(run.said.String(), "Argo CD") {
		t.Errorf("want exit code 2 and the reason, got %d, %v\n%s", code, err, run.said.String())
	}
	if calls := s.proxy.seen(); len(calls) > 0 {
		t.Errorf("it was refused, and calls %v", calls)
	}
}
