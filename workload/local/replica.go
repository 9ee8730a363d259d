package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload"
)

// replica is one running copy of the workload: its containers, its probe and the port they share.
type replica struct {
	number     int
	address    string
	probe      scenarios.Probe
	containers []*container
	state      *state

	// term asks every container to stop, kill cuts their grace short.
	term, kill context.CancelFunc
	// done is closed when all goroutines of the replica have ended; err is theirs from then on.
	done chan struct{}
	err  error
}

func newReplica(file scenarios.File, number, port int, groups []*group) *replica {
	r := &replica{number: number, probe: file.Workload.Readiness, done: make(chan struct{}),
		address: net.JoinHostPort(host, strconv.Itoa(port))}
	secrets := lineSecrets(file.Secrets())
	for i, spec := range file.Workload.Containers {
		r.containers = append(r.containers, &container{spec: spec, port: port, grace: file.Workload.StopGrace,
			group: groups[i], secrets: secrets})
	}
	r.state = newState(number, r.containers)
	return r
}

// start runs the replica until stop is called, which must be, whatever start returns. The error is that a container
// could not be started at all.
func (r *replica) start() error {
	soft, term := context.WithCancel(context.Background())
	hard, kill := context.WithCancel(context.Background())
	r.term, r.kill = term, kill
	begun := make(chan error, len(r.containers))
	ends := make([]error, len(r.containers))
	var running sync.WaitGroup
	for i, c := range r.containers {
		running.Go(func() {
			ends[i] = c.keepRunning(soft, hard, r.state, func(err error) { begun <- err })
		})
	}
	running.Go(func() { r.keepProbing(soft) })
	go func() {
		running.Wait()
		r.err = errors.Join(ends...)
		close(r.done)
	}()
	var errs []error
	for range r.containers {
		errs = append(errs, <-begun)
	}
	return errors.Join(errs...)
}

const (
	// slow is how long killed processes may take to leave their cgroup before its limits are lifted for them.
	slow = time.Second
	// gone is how long they may take from then on before that is an error.
	gone = 10 * time.Second
	// killTime is how long a killed replica may take to be gone before stop gives up on it, and says so.
	killTime = slow + gone + time.Second
)

// stop ends every process of the replica: gracefully, and at once when ctx is done. It returns when they have ended.
func (r *replica) stop(ctx context.Context) error {
	defer r.kill()
	r.term()
	select {
	case <-r.done:
	case <-ctx.Done():
		r.kill()
		select {
		case <-r.done:
		case <-time.After(killTime):
			return fmt.Errorf("replica %d has not ended %v after it was killed: a process of it hangs in the kernel, or left its cgroup and holds its output", r.number, killTime)
		}
	}
	return r.err
}

// remove deletes the cgroups of a stopped replica.
func (r *replica) remove() error {
	var errs []error
	for _, c := range r.containers {
		errs = append(errs, c.group.remove())
	}
	return errors.Join(errs...)
}

// keepProbing asks whether the replica is Ready, at once and then every interval, until ctx is done. Once Ready, it only
// goes on where there is a liveness probe, which kills every container of a replica that fails it too often in a row.
func (r *replica) keepProbing(ctx context.Context) {
	tick := time.NewTicker(r.probe.Interval)
	defer tick.Stop()
	failures := 0
	for {
		unready, ready := r.state.probing()
		if !ready || r.probe.LivenessFailures > 0 {
			err := check(ctx, r.probe, r.address)
			switch {
			case ctx.Err() != nil:
				return
			case err == nil:
				r.state.passed(unready)
				failures = 0
			case !ready:
				failures = 0
			default:
				failures++
			}
			if ready && failures >= r.probe.LivenessFailures && failures > 0 {
				r.killForLiveness(ctx)
				failures = 0
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *replica) killForLiveness(stopping context.Context) {
	r.state.failsLiveness()
	for _, c := range r.containers {
		// Its container's goroutine sees the end, and reports what could not be killed.
		_ = c.group.kill(stopping)
	}
}

// instances are the replica's containers, in the order of the file.
func (r *replica) instances() []workload.Instance {
	var instances []workload.Instance
	for _, c := range r.containers {
		i := workload.Instance{Address: r.address,
			Target: observer.Target{Container: c.spec.Name, Replica: r.number, Cgroup: c.group.at}}
		i.Started, i.Restarts = r.state.of(c)
		instances = append(instances, i)
	}
	return instances
}
