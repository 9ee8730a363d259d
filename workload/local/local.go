package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload"
)

// leastCPU is the smallest quota the kernel takes: 1 ms per period of 100 ms.
const leastCPU scenarios.MilliCPU = 10

// Options of a local workload.
type Options struct {
	// Notice gets one line for each thing a person should know: what a killed run left and was removed. nil: nothing.
	Notice func(text string)
}

// Local is a workload of processes on this machine. It implements workload.Workload.
type Local struct {
	file     scenarios.File
	tree     *tree
	replicas []*replica
	settings tuner.Settings
	// generation numbers the sets of replicas, so that each set has cgroups of its own.
	generation int
	// files that the workload was seen to have mapped, to be evicted before a cold start.
	files map[string]bool
}

var _ workload.Workload = (*Local)(nil)

// New makes the cgroups for a run of file's workload, after clearing those that killed runs left, and starts nothing
// yet. The caller closes it. The error wraps ErrNoCgroup where no cgroup can be made here.
func New(file scenarios.File, options Options) (*Local, error) {
	said, cleared := clearLeftovers()
	if options.Notice != nil {
		for _, line := range said {
			options.Notice(line)
		}
	}
	if cleared != nil {
		return nil, cleared
	}
	t, err := openTree()
	if err != nil {
		return nil, err
	}
	return &Local{file: file, tree: t, files: map[string]bool{}}, nil
}

// Apply makes every replica run with settings. A change of CPU limits alone is written to the running containers' quota
// files. Anything else, fresh, and replicas that are not all Ready now take new replicas in new cgroups, started with
// the workload's own files out of the page cache, so that each trial pays for them as the first.
func (l *Local) Apply(ctx context.Context, settings tuner.Settings, fresh bool) (restarted bool, err error) {
	if err := l.allowed(settings); err != nil {
		return false, err
	}
	if fresh || !l.inPlace(settings) {
		return true, l.replace(ctx, settings)
	}
	for _, r := range l.replicas {
		r.state.forget()
		for _, c := range r.containers {
			want, _ := settings.Of(c.spec.Name)
			if err := errors.Join(c.group.setCPU(want.CPULimit), c.group.verify(want.Resources)); err != nil {
				return false, fmt.Errorf("apply to container %s of replica %d: %w", c.spec.Name, r.number, err)
			}
		}
	}
	l.settings = slices.Clone(settings)
	return false, nil
}

// allowed tells every container without settings, and every limit that the kernel would not take.
func (l *Local) allowed(settings tuner.Settings) error {
	var errs []error
	for _, c := range l.file.Workload.Containers {
		want, ok := settings.Of(c.Name)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("apply: no settings for container %s", c.Name))
		case want.CPULimit != 0 && want.CPULimit < leastCPU:
			errs = append(errs, fmt.Errorf("apply: container %s: CPU limit %dm is below %dm, the least a quota can be", c.Name, want.CPULimit, leastCPU))
		case want.MemoryLimit < 0:
			errs = append(errs, fmt.Errorf("apply: container %s: memory limit %d is below 0", c.Name, want.MemoryLimit))
		}
	}
	return errors.Join(errs...)
}

// inPlace is whether settings can be put in force without new replicas: all are Ready, every memory limit stays, and
// every CPU limit that is set stays set.
func (l *Local) inPlace(settings tuner.Settings) bool {
	for _, r := range l.replicas {
		if now, _ := r.state.now(); !now.ready {
			return false
		}
	}
	for _, c := range l.file.Workload.Containers {
		before, ok := l.settings.Of(c.Name)
		after, _ := settings.Of(c.Name)
		if !ok || before.MemoryLimit != after.MemoryLimit || (before.CPULimit == 0) != (after.CPULimit == 0) {
			return false
		}
	}
	return len(l.replicas) > 0
}

// replace stops all replicas and starts new ones.
func (l *Local) replace(ctx context.Context, settings tuner.Settings) error {
	if err := l.stop(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.evict()
	l.generation++
	for number := range l.file.Workload.Replicas {
		r, err := l.prepare(number, settings)
		if err != nil {
			return err
		}
		l.replicas = append(l.replicas, r)
		if err := r.start(); err != nil {
			return err
		}
	}
	l.settings = slices.Clone(settings)
	return nil
}

// prepare makes one replica and its cgroups with their limits. It leaves no cgroup behind where it fails.
func (l *Local) prepare(number int, settings tuner.Settings) (*replica, error) {
	port, err := choosePort(l.file.Workload.Port, number)
	if err != nil {
		return nil, err
	}
	var groups []*group
	for i, c := range l.file.Workload.Containers {
		want, _ := settings.Of(c.Name)
		g, err := l.tree.group(fmt.Sprintf("replica%d-container%d-%d", number, i, l.generation))
		if err == nil {
			groups = append(groups, g)
			err = errors.Join(g.setMemory(want.MemoryLimit), g.setCPU(want.CPULimit))
		}
		if err == nil {
			err = g.verify(want.Resources)
		}
		if err != nil {
			for _, g := range groups {
				err = errors.Join(err, g.remove())
			}
			return nil, fmt.Errorf("limit container %s of replica %d: %w", c.Name, number, err)
		}
	}
	return newReplica(l.file, number, port, groups), nil
}

// stop ends all replicas at the same time and removes their cgroups.
func (l *Local) stop(ctx context.Context) error {
	l.noteFiles()
	for _, r := range l.replicas {
		r.term()
	}
	var errs []error
	for _, r := range l.replicas {
		errs = append(errs, r.stop(ctx), r.remove())
	}
	l.replicas = nil
	return errors.Join(errs...)
}

// AwaitReady waits until every replica is Ready, for the time the file allows from its start. ready is false as soon as
// one has not got there in that time, or has ended three times without.
func (l *Local) AwaitReady(ctx context.Context) (startup time.Duration, ready bool, err error) {
	for _, r := range l.replicas {
		took, ready, err := r.awaitReady(ctx, l.file.Workload.Startup)
		if err != nil || !ready {
			return 0, false, err
		}
		startup = max(startup, took)
	}
	l.noteFiles() // a kill may leave no later chance
	return startup, true, nil
}

func (r *replica) awaitReady(ctx context.Context, limit time.Duration) (startup time.Duration, ready bool, err error) {
	for {
		now, changed := r.state.now()
		if now.ready || now.crashLoop {
			return now.startup, now.ready, nil
		}
		late := time.NewTimer(time.Until(now.begun.Add(limit)))
		select {
		case <-changed:
			late.Stop()
		case <-late.C:
			return 0, false, nil
		case <-ctx.Done():
			late.Stop()
			return 0, false, ctx.Err()
		}
	}
}

// Instances are the containers of every replica, by replica, then in the order of the file.
func (l *Local) Instances() []workload.Instance {
	var all []workload.Instance
	for _, r := range l.replicas {
		all = append(all, r.instances()...)
	}
	return all
}

// Doubts are none: nobody else changes a local workload, and its kernel counts every kill.
func (l *Local) Doubts() []tuner.Doubt { return nil }

// Exits are the ends since the last Apply that Plimsoll did not cause, and those by a failed liveness probe.
func (l *Local) Exits() []workload.Exit {
	var all []workload.Exit
	for _, r := range l.replicas {
		all = append(all, r.state.seen()...)
	}
	slices.SortStableFunc(all, func(a, b workload.Exit) int { return a.At.Compare(b.At) })
	return all
}

// Close stops all replicas, gracefully until ctx is done and then at once, and removes every cgroup of the run.
func (l *Local) Close(ctx context.Context) error {
	if l.tree == nil {
		return nil
	}
	err := errors.Join(l.stop(ctx), l.tree.close())
	l.tree = nil
	return err
}
