package observer

import (
	"cmp"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// EndReason says why a container ended, as far as its workload knows.
type EndReason string

// The reasons for an end.
const (
	OOMKilled    EndReason = "OOMKilled"      // the kernel killed it for its memory limit
	ChildOOM     EndReason = "ChildOOMKilled" // it ended by itself, after the kernel had killed a child process of it for the limit
	NodeOOM      EndReason = "NodeOOMKilled"  // killed while the whole node was out of memory: the limit may have no part in it
	ExitedError  EndReason = "Error"          // it exited with another code than 0, or by a signal
	Completed    EndReason = "Completed"      // it exited with code 0
	LivenessKill EndReason = "Liveness"       // killed because its liveness or startup probe failed
	Evicted      EndReason = "Evicted"        // its Pod was put off its node
	Deleted      EndReason = "Deleted"        // somebody deleted its Pod
	Unseen       EndReason = "Unseen"         // gone, and nothing says how; a code says nothing either
)

// End is one end of a container, as its workload reports it.
type End struct {
	Container string
	Replica   int
	At        time.Time
	// Reason is empty where only the code tells.
	Reason EndReason
	// Code as a shell gives it (128 + signal); nil where it is not known.
	Code *int
	// BeforeReady is true where its replica had not been Ready since it started.
	BeforeReady bool
	Output      []string
}

// reasonKinds are the kinds of the reasons that leave nothing to find out.
var reasonKinds = map[EndReason]tuner.KillKind{
	LivenessKill: tuner.LivenessKill,
	ChildOOM:     tuner.OOMChild,
	NodeOOM:      tuner.NodeOOM,
	Evicted:      tuner.Evicted,
	Deleted:      tuner.Deleted,
	Unseen:       tuner.UnknownKill,
}

// codeKilled is a shell's exit code for SIGKILL.
const codeKilled = 137

// Classify names every kill of a trial, each once, in order of time: each end by itself, and then each OOM kill that the
// kernel counted and no end accounts for, which is a child process that died while the main one lived on. fresh is as
// for Use. At in a kill is the time since start.
//
// A kill by SIGKILL that is neither an OOM kill nor Plimsoll's own stays unknown: it may be the node's memory that ran
// out, or a person.
func Classify(ends []End, series []Series, fresh bool, start time.Time) []tuner.Kill {
	counted := make([][]time.Time, len(series))
	for i, s := range series {
		counted[i] = killTimes(s.Samples, fresh)
	}
	// Where an end is known to be one, it uses up a count; only then do doubtful ends get what is left.
	ends = slices.Clone(ends)
	slices.SortStableFunc(ends, func(a, b End) int { return a.At.Compare(b.At) })
	for i := range ends {
		if ends[i].Reason == OOMKilled || ends[i].Reason == ChildOOM {
			take(counted, series, ends[i])
		}
	}
	var kills []tuner.Kill
	for _, e := range ends {
		kills = append(kills, e.kill(start, func() bool { return take(counted, series, e) }))
	}
	for i, times := range counted {
		for _, at := range times {
			kills = append(kills, tuner.Kill{Kind: tuner.OOMChild, Container: series[i].Container,
				Replica: series[i].Replica, At: at.Sub(start)})
		}
	}
	slices.SortStableFunc(kills, func(a, b tuner.Kill) int { return cmp.Compare(a.At, b.At) })
	return kills
}

// kill classifies one end. counted reports whether the kernel counted an OOM kill that is not accounted for yet, and
// accounts for it.
func (e End) kill(start time.Time, counted func() bool) tuner.Kill {
	k := tuner.Kill{Container: e.Container, Replica: e.Replica, At: e.At.Sub(start), ExitCode: e.Code, Output: e.Output}
	kind, told := reasonKinds[e.Reason]
	switch {
	case told:
		k.Kind = kind
	case e.Reason == OOMKilled, e.Code != nil && *e.Code == codeKilled && counted():
		k.Kind = tuner.OOMKill
		if e.BeforeReady {
			k.Kind = tuner.OOMAtStart
		}
	case e.Code == nil, *e.Code == codeKilled:
		k.Kind = tuner.UnknownKill
	default:
		k.Kind = tuner.Crash
	}
	return k
}

// take removes the counted kill nearest in time to e from its container's, and reports whether there was one.
func take(counted [][]time.Time, series []Series, e End) bool {
	for i, s := range series {
		if s.Container != e.Container || s.Replica != e.Replica || len(counted[i]) == 0 {
			continue
		}
		nearest := 0
		for j, at := range counted[i] {
			if at.Sub(e.At).Abs() < counted[i][nearest].Sub(e.At).Abs() {
				nearest = j
			}
		}
		counted[i] = slices.Delete(counted[i], nearest, nearest+1)
		return true
	}
	return false
}

// killTimes has one entry for each OOM kill that the counter shows: the time of the sample that first showed it. A
// counter that went backwards is read as one that began again from 0; Use tells that it did.
func killTimes(samples []Sample, fresh bool) []time.Time {
	var times []time.Time
	var before int64
	instance, known := 0, fresh
	for i, s := range samples {
		if i == 0 {
			instance = s.Instance
		}
		if s.OOMKills == nil {
			continue
		}
		now := *s.OOMKills
		if now < before || s.Instance != instance {
			before, known = 0, known || s.Instance != instance
		}
		instance = s.Instance
		for range now - before {
			if known {
				times = append(times, s.At)
			}
		}
		before, known = now, true
	}
	return times
}

// oomKills is how many OOM kills the counter shows over the trial: since its start where it is fresh, and otherwise
// since the first sample. nil where that is not known.
func oomKills(samples []Sample, fresh bool) (*int64, error) {
	grown, err := increase(samples, killCount, "OOM kills")
	if err != nil || grown == nil || !fresh {
		return grown, err
	}
	var sum int64
	for _, part := range instances(samples) {
		sum += *part[len(part)-1].OOMKills // known: grown is
	}
	return &sum, nil
}
