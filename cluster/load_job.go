package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/loadgen/wire"
)

// DefaultRepository is where the image of a released version is; the tag is the version.
const DefaultRepository = "ghcr.io/plimsoll/plimsoll"

// LoadJob runs a load in one Pod of a Job in the cluster, and collects what comes of it from the Pod's log.
type LoadJob struct {
	Client *Client
	// Namespace of the Job, which may be another one than that of the workload.
	Namespace string
	// Image holds the plimsoll of Version, which is that of this program.
	Image   string
	Version string
	// Avoid selects the Pods under test, in AvoidNamespace: the load runs away from their nodes where there are others.
	// nil: on any node.
	Avoid          *metav1.LabelSelector
	AvoidNamespace string
	// Labels are added to Job, Secret and Pod, so that whoever cleans up after a lost machine knows whose they are.
	Labels map[string]string
	// Requests of the Pod; nil: DefaultLoadRequests. It has no CPU limit.
	Requests corev1.ResourceList
	// StartWithin is how long the Pod may take to start; 0: a minute.
	StartWithin time.Duration
	// Notice is told where the load runs and how far that clock is from this one; nil: nobody is.
	Notice func(text string)
}

// DefaultLoadRequests are enough for some ten thousand hits a second.
func DefaultLoadRequests() corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("256Mi")}
}

const (
	// loadSilent and loadLost: rows come every second.
	loadSilent = 5 * time.Second
	loadLost   = time.Minute
	// endWithin is how long the load may take to end once it was told to, its result included.
	endWithin = 30 * time.Second
	// clockAsks is how often the log is asked for the time.
	clockAsks = 4
)

// Run offers the plan's hits from a Pod and returns what came of them, times by this machine's clock. As loadgen.Run it
// ends gracefully, with a result, when ctx is cancelled. A Pod that never started is an error in the words of the object
// that says why; one that was lost while it ran gives a result that is invalid for that reason. Job, Secret and Pod are
// deleted in every case; where that fails the error says what is left.
func (j *LoadJob) Run(ctx context.Context, plan loadgen.Plan) (result loadgen.Result, err error) {
	content, err := wire.EncodePlan(plan, j.Version)
	if err != nil {
		return loadgen.Result{}, err
	}
	l := &load{LoadJob: j, plan: plan, agentJob: newAgentJob(j.Client, j.Namespace, "load", j.Labels, j.StartWithin)}
	defer func() {
		if removeErr := l.remove(); err == nil {
			err = removeErr
		}
	}()
	deadline := plan.Scenario.Duration() + plan.Grace + endWithin
	err = l.create(ctx, loadPod(j, l.name), deadline, map[string][]byte{planFile: content})
	if err != nil && ctx.Err() == nil {
		return loadgen.Result{}, fmt.Errorf("start a load Job in namespace %s: %w", j.Namespace, err)
	}
	pod, err := l.awaitStart(ctx)
	if ctx.Err() != nil {
		return l.lost("it was interrupted before the load Pod had started"), nil
	}
	if err != nil {
		return loadgen.Result{}, fmt.Errorf("load Job %s/%s: %w", j.Namespace, l.name, err)
	}
	return l.collect(ctx, pod)
}

// load is one run of a load Job.
type load struct {
	*LoadJob
	*agentJob
	plan loadgen.Plan

	place string
	log   *podLog
	clock clock
	// began is when the schedule began, by the Pod's clock; zero: not yet.
	began time.Time
	parts []wire.Part
	// result is set when it has come whole; failed is the agent's own error.
	result *loadgen.Result
	failed error
}

// collect follows the log until the result is there, or will not come any more.
func (l *load) collect(ctx context.Context, pod *corev1.Pod) (loadgen.Result, error) {
	l.place = placeOf(pod)
	l.log = &podLog{client: l.Client, namespace: pod.Namespace, pod: pod.Name, silent: loadSilent, lost: loadLost}
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ending := context.AfterFunc(ctx, func() {
		// SIGTERM: the agent ends the load and writes its result.
		_ = l.remove()
		sleep(reading, endWithin)
		stop()
	})
	defer ending()
	end, err := l.log.follow(reading, func(content []byte) (bool, error) { return l.hear(reading, content) })
	switch {
	case l.failed != nil:
		return loadgen.Result{}, fmt.Errorf("load in %s: %w", l.place, l.failed)
	case l.result != nil:
		return l.finish(reading, ctx.Err() != nil), nil
	case err == nil && l.began.IsZero():
		return loadgen.Result{}, fmt.Errorf("load in %s ended before it had begun: %s%s", l.place, end, printed(l.log.other))
	case err == nil:
		return l.lost(fmt.Sprintf("the load Pod was lost: %s%s", end, printed(l.log.other))), nil
	case reading.Err() != nil:
		return l.lost("it was interrupted, and the load Pod gave no result"), nil
	}
	return l.lost("the load Pod was lost: " + err.Error()), nil
}

// hear takes in one message; done is true when the last one has come.
func (l *load) hear(ctx context.Context, content []byte) (done bool, err error) {
	received := time.Now()
	m, err := wire.DecodeMessage(content)
	if err != nil {
		return false, err
	}
	l.clock.heard(m.At, received)
	switch {
	case m.Hello != nil:
		l.clock.notBefore(m.At, 0, l.created)
		if m.Hello.Format != wire.Version || m.Hello.Plimsoll != l.Version {
			l.failed = fmt.Errorf("image %s holds plimsoll %q, this is %q: give the image of the same version by --image", l.Image, m.Hello.Plimsoll, l.Version)
			return true, nil
		}
	case m.Failed != nil:
		l.failed = fmt.Errorf("%s", m.Failed.Text)
		return true, nil
	case m.Began != nil:
		l.began = *m.Began
		l.askClock(ctx)
		if l.plan.OnStart != nil {
			l.plan.OnStart(l.here(l.began))
		}
	case m.Second != nil && l.plan.OnSecond != nil:
		l.plan.OnSecond(*m.Second)
	case m.Part != nil:
		l.parts = append(l.parts, *m.Part)
	case m.End != nil:
		result, err := wire.Join(l.parts, *m.End)
		l.result = &result
		return true, err
	}
	return false, nil
}

// askClock asks the log for its newest row a few times: each answer bounds the Pod's clock from both sides.
func (l *load) askClock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, loadSilent)
	defer cancel()
	for range clockAsks {
		sent := time.Now()
		content, err := l.log.last(ctx)
		received := time.Now()
		m, decodeErr := wire.DecodeMessage(content)
		if err != nil || decodeErr != nil {
			continue // it is a measurement less, and said as such by the bounds
		}
		l.clock.heard(m.At, received)
		if m.Tick != nil {
			l.clock.notBefore(m.At, m.Tick.Every, sent)
		}
	}
}

// here is an instant of the Pod's clock by this machine's.
func (l *load) here(at time.Time) time.Time {
	offset, _, _ := l.clock.offset()
	return at.Add(-offset)
}

// finish measures the clock once more, now that nothing is disturbed by it, and puts the result into this machine's
// time. A load that ended early although nobody here wanted it to was ended by somebody else.
func (l *load) finish(ctx context.Context, interrupted bool) loadgen.Result {
	l.askClock(ctx)
	r := *l.result
	if !r.Complete && !interrupted {
		r.Invalid = append(r.Invalid, "the load Pod was told to end before its time: it was deleted, evicted or preempted")
	}
	r.Started = l.here(r.Started)
	r.Invalid = append(r.Invalid, l.log.gaps...)
	l.mark(&r)
	if l.Notice != nil {
		l.Notice(fmt.Sprintf("load from %s, whose clock is %s", l.place, clockText(*r.Remote)))
	}
	return r
}

// mark says in r where the load ran.
func (l *load) mark(r *loadgen.Result) {
	r.Remote = l.remote()
	if r.Remote.ClockOffset == nil {
		r.Invalid = append(r.Invalid, "the clock of the load Pod could not be compared with this machine's")
	}
}

// remote is where the load ran, with what is known of its clock.
func (l *load) remote() *loadgen.Remote {
	r := &loadgen.Remote{Place: l.place}
	if offset, within, known := l.clock.offset(); known {
		r.ClockOffset, r.ClockWithin = &offset, &within
	}
	return r
}

// clockText says how far a clock is from this machine's.
func clockText(r loadgen.Remote) string {
	if r.ClockOffset == nil {
		return "not comparable with this one"
	}
	direction := "ahead of"
	if *r.ClockOffset < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("%v %s this one (within %v)", r.ClockOffset.Abs().Round(time.Millisecond), direction, r.ClockWithin.Round(time.Millisecond))
}

// lost is the result of a load that gave none.
func (l *load) lost(why string) loadgen.Result {
	r := loadgen.Result{Started: time.Now(), Invalid: []string{why}}
	if !l.began.IsZero() {
		r.Started = l.here(l.began)
	}
	if l.place != "" {
		r.Remote = l.remote()
	}
	return r
}

// printed adds to a message what a Pod printed beside its rows.
func printed(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "; it printed: " + strings.Join(lines, " | ")
}
