package trial

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload"
)

// drain is how long hits in flight at the end of the load may take beyond their own timeout.
const drain = time.Second

// run is one trial in progress.
type run struct {
	*Runner
	step     tuner.Step
	scenario scenarios.Scenario
	watch    Watching
	// fresh is true where every replica was started for this trial; applied is when.
	fresh   bool
	applied time.Time
	// startup and readyAt are set where ready is true.
	ready   bool
	startup time.Duration
	readyAt time.Time
	// applying is how long it took from the step to here, whether they were Ready or not.
	applying time.Duration
	// result of the load; nil where there was none. seconds are its rows so far; stopped says why it was ended early.
	result  *loadgen.Result
	seconds []tuner.Second
	stopped string
	// loadBegan is when the schedule of the load began.
	loadBegan time.Time
}

// load offers the scenario's hits until they end, ctx is cancelled, or the trial is lost.
func (t *run) load(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	slos := t.Goal.SLOs[t.step.Scenario]
	t.loadBegan = time.Now() // until the load says better
	result, err := t.Load(ctx, loadgen.Plan{
		Traffic:     t.File.Traffic,
		Scenario:    t.scenario,
		Addresses:   addresses(t.Workload.Instances()),
		TightestSLO: TightestSLO(slos),
		Grace:       t.File.Traffic.Timeout + drain,
		OnStart:     func(began time.Time) { t.loadBegan = began },
		OnSecond: func(s loadgen.Second) {
			t.second(s)
			if t.stopped == "" {
				if t.stopped = t.whyLost(); t.stopped != "" {
					end()
				}
			}
		},
	})
	if err != nil {
		return err
	}
	t.result = &result
	return nil
}

// addresses are those of the replicas, in order, each once.
func addresses(instances []workload.Instance) []string {
	var all []string
	replica := -1
	for _, i := range instances {
		if i.Replica != replica && i.Address != "" {
			all = append(all, i.Address)
			replica = i.Replica
		}
	}
	return all
}

// second adds one second of load with what the containers used in it.
func (t *run) second(s loadgen.Second) {
	before := time.Duration(0)
	if n := len(t.seconds); n > 0 {
		before = t.seconds[n-1].At
	}
	row := SecondOf(s, s.At-before)
	instances := t.Workload.Instances()
	for i, series := range t.watch.Series() {
		c := observer.Second(series, t.loadBegan.Add(s.At))
		if i < len(instances) {
			c.Restarts = instances[i].Restarts
		}
		row.Containers = append(row.Containers, c)
	}
	t.seconds = append(t.seconds, row)
	t.tell(Progress{Step: t.step, Phase: Loading, Planned: t.scenario.Duration(), Second: &row, Containers: t.limits(instances)})
}

// limits are the containers of every replica with the limits of the step, for the live line.
func (t *run) limits(instances []workload.Instance) []tuner.ContainerUse {
	var all []tuner.ContainerUse
	for _, i := range instances {
		set, _ := t.step.Settings.Of(i.Container)
		all = append(all, tuner.ContainerUse{
			Container: i.Container, Replica: i.Replica, CPULimit: set.CPULimit, MemoryLimit: set.MemoryLimit, Restarts: i.Restarts,
		})
	}
	return all
}

// whyLost says why the trial can't be saved any more and may end; "" where it goes on. A kill tells its own cause. Which
// limit stands in the way of an SLO is told by the counters: until they can be read, which where a kubelet has a sample
// every 10 to 20 s takes half a minute, the evidence is not there, and a trial that ended would say nothing.
func (t *run) whyLost() string {
	o := t.soFar()
	why, killed := tuner.Doomed(t.Goal, t.step, o)
	unread := func(d tuner.Doubt) bool { return d.Kind == tuner.CountersMissing }
	if !killed && slices.ContainsFunc(o.Invalid, unread) {
		return ""
	}
	return why
}

// soFar is the observation of a trial whose load goes on. Its doubts are those of now, and may be dispelled by the end.
func (t *run) soFar() tuner.Observation {
	o := t.base()
	last := t.seconds[len(t.seconds)-1]
	o.Window = max(last.At-o.Warmup, 0)
	t.addContainers(&o, t.watch.Series(), t.loadBegan.Add(t.scenario.Warmup), t.loadBegan.Add(last.At))
	return o
}

// observation closes the watch and folds all that was seen. A cancelled ctx means that a person stopped the trial.
func (t *run) observation(ctx context.Context) tuner.Observation {
	interrupted := ctx.Err() != nil
	closing := time.Now()
	series := t.watch.Stop(ctx)
	o := t.base()
	if waited := time.Since(closing); waited >= time.Second {
		o.Closing = waited
	}
	o.Seconds = t.filled(series)
	if t.result == nil {
		o.NeverReady = !interrupted
		t.addContainers(&o, series, t.applied, time.Now())
	} else {
		t.addLoad(&o)
		began := t.result.Started.Add(o.Warmup)
		t.addContainers(&o, series, began, began.Add(o.Window))
	}
	o.Invalid = append(o.Invalid, t.Workload.Doubts()...)
	if interrupted {
		o.Invalid = append(o.Invalid, tuner.Doubt{Kind: tuner.StoppedByUser, Text: tuner.Interruption(ctx)})
	}
	return o
}

// filled are the seconds of load with what sources showed of them late.
func (t *run) filled(series []observer.Series) []tuner.Second {
	rows := slices.Clone(t.seconds)
	for i, s := range series {
		if s.Every == 0 {
			continue
		}
		for j := range rows {
			if i < len(rows[j].Containers) {
				c := observer.Second(s, t.loadBegan.Add(rows[j].At))
				c.Restarts = rows[j].Containers[i].Restarts
				rows[j].Containers = slices.Clone(rows[j].Containers)
				rows[j].Containers[i] = c
			}
		}
	}
	return rows
}

// base is what is known before the load has ended.
func (t *run) base() tuner.Observation {
	o := tuner.Observation{
		Start: t.applied, Planned: t.scenario.Duration(), Warmup: t.scenario.Warmup,
		Applying: t.applying, Fresh: t.fresh, Seconds: t.seconds, Stopped: t.stopped,
	}
	if t.fresh && t.ready {
		o.Startup = &t.startup
	}
	if !t.loadBegan.IsZero() {
		o.Start = t.loadBegan
	}
	return o
}

func (t *run) addLoad(o *tuner.Observation) {
	o.Start = t.result.Started
	o.Window = t.result.Window
	o.Complete = t.result.Complete
	o.Load = LoadOf(*t.result, t.Goal.SLOs[t.step.Scenario])
	for _, why := range t.result.Invalid {
		o.Invalid = append(o.Invalid, tuner.Doubt{Kind: tuner.GeneratorBound, Text: why})
	}
}

// addContainers adds what the containers used between two instants, what was killed, and what could not be read.
func (t *run) addContainers(o *tuner.Observation, series []observer.Series, from, to time.Time) {
	instances := t.Workload.Instances()
	for i, s := range series {
		use, problems := observer.Use(s, from, to, t.fresh)
		if i < len(instances) {
			use.Restarts = instances[i].Restarts
		}
		if t.fresh && t.ready {
			use.StartupCPU, use.StartupThrottled = observer.StartUp(s, t.readyAt)
		} else if t.fresh {
			use.StartupCPU, use.StartupThrottled = observer.StartUp(s, to)
		}
		o.Containers = append(o.Containers, use)
		if o.Reader == nil {
			o.Reader = s.Reader
		}
		for _, p := range problems {
			o.Invalid = append(o.Invalid, tuner.Doubt{Kind: tuner.CountersMissing, Text: p})
		}
		for _, d := range s.Doubts {
			if !slices.Contains(o.Invalid, d) {
				o.Invalid = append(o.Invalid, d)
			}
		}
		for _, n := range s.Notes {
			if !slices.Contains(o.Notes, n) {
				o.Notes = append(o.Notes, n)
			}
		}
		if text := t.differs(s); text != "" {
			o.Invalid = append(o.Invalid, tuner.Doubt{Kind: tuner.SettingsDiffer, Text: text})
		}
	}
	o.Kills = observer.Classify(ends(t.Workload.Exits()), series, t.fresh, o.Start)
}

// page is the largest unit that a kernel rounds memory limits to; most have 4 KiB.
const page = 64 * scenarios.KiB

// differs says how the limits in force differ from those under test; "" where they do not. One that could not be read is
// a missing counter, which is told apart.
func (t *run) differs(s observer.Series) string {
	if len(s.Samples) == 0 {
		return ""
	}
	last := s.Samples[len(s.Samples)-1]
	want, _ := t.step.Settings.Of(s.Container)
	var parts []string
	if in := last.CPULimit; in != nil && *in != want.CPULimit {
		parts = append(parts, fmt.Sprintf("CPU limit %v in force, %v under test", *in, want.CPULimit))
	}
	if in := last.MemoryLimit; in != nil && (*in > want.MemoryLimit+page || *in < want.MemoryLimit-page) {
		parts = append(parts, fmt.Sprintf("memory limit %v in force, %v under test", *in, want.MemoryLimit))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("container %s of replica %d: %s", s.Container, s.Replica, strings.Join(parts, ", "))
}

func ends(exits []workload.Exit) []observer.End {
	var all []observer.End
	for _, e := range exits {
		end := observer.End{Container: e.Container, Replica: e.Replica, At: e.At, Reason: e.Reason, BeforeReady: e.BeforeReady, Output: e.Output}
		if e.Reason != observer.Unseen {
			end.Code = new(e.Code)
		}
		all = append(all, end)
	}
	return all
}

// interrupted is the observation of a trial that was stopped before anything could be seen.
func interrupted(ctx context.Context) tuner.Observation {
	return tuner.Observation{Start: time.Now(), Invalid: []tuner.Doubt{{Kind: tuner.StoppedByUser, Text: tuner.Interruption(ctx)}}}
}
