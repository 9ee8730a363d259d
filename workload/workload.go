// Package workload holds what is under test and the seam to the code that changes it: local/ runs containers as
// processes under this machine's cgroups, kube/ changes an object in a cluster.
package workload

import (
	"context"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

// Workload is what trial/ needs of a thing under test. It is not for use by two goroutines at once.
type Workload interface {
	// Apply makes every replica run with settings: in place where that is possible and fresh is false, otherwise with
	// new replicas, started cold. It returns as soon as they are started; AwaitReady waits for them. restarted is true
	// where the replicas are new. Settings that can't be put in force are an error.
	Apply(ctx context.Context, settings tuner.Settings, fresh bool) (restarted bool, err error)
	// AwaitReady waits until every replica is Ready. startup is the slowest replica's time from start to Ready.
	// ready is false where one did not get there in its time or crash-loops; that is no error.
	AwaitReady(ctx context.Context) (startup time.Duration, ready bool, err error)
	// Instances are the containers of every replica as they run now, by replica, then in the order of the file.
	Instances() []Instance
	// Exits are all ends of containers since the last Apply, in order of time, that Plimsoll did not cause.
	Exits() []Exit
	// Doubts are the reasons, since the last Apply, for which what was seen says nothing of the settings: somebody else
	// changed the object, the node was disturbed, a restart went unseen. Empty where there are none.
	Doubts() []tuner.Doubt
	// Close puts everything back: no process, no cgroup, no object of Plimsoll's is left.
	Close(ctx context.Context) error
}

// Instance is one container of one replica.
type Instance struct {
	observer.Target
	// Address is host:port of the replica where it serves traffic; every container of a replica has the same.
	Address string
	// Started is when this instance was last started; Restarts how often it was since the last Apply.
	Started  time.Time
	Restarts int
}

// ExitReason says why a container ended.
type ExitReason = observer.EndReason

// The reasons that a workload on this machine can tell; one in a cluster knows the others of observer too.
const (
	OOMKilled    = observer.OOMKilled
	ExitedError  = observer.ExitedError
	Completed    = observer.Completed
	LivenessKill = observer.LivenessKill
)

// Exit is one end of a container.
type Exit struct {
	Container string
	Replica   int
	At        time.Time
	Reason    ExitReason
	// Code as a shell gives it: 128 + signal where a signal ended it. It says nothing where the reason is Unseen.
	Code int
	// BeforeReady is true where the replica had not been Ready since it started.
	BeforeReady bool
	// Output holds the last lines it wrote, 20 at most, oldest first.
	Output []string
}
