package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
)

// Row is what one node told of one cgroup at one time: of a container, where Container is set; of a whole Pod, where only
// UID is; of the node itself, where neither is.
type Row struct {
	Namespace, Pod, UID, Container string
	// ContainerID is the runtime's, without its scheme; empty for a Pod and a node. Another one after a restart.
	ContainerID string
	// Node is where it was read; the source sets it.
	Node string
	// Started is when the cgroup was made, to a second; zero where it is not known.
	Started time.Time
	// Taken is the sample's time on the clock of whoever took it, which stays the same however often it is told; zero until
	// a source has translated At.
	Taken time.Time
	// Sample holds the counters; its At is when the sample was taken, not when it was read. Limits are nil where the source
	// does not tell them.
	observer.Sample
}

// wire is a row as a line of JSON: short names, times in milliseconds, durations in nanoseconds, what is not known left out.
type wire struct {
	Namespace   string         `json:"ns,omitempty"`
	Pod         string         `json:"pod,omitempty"`
	UID         string         `json:"uid,omitempty"`
	Container   string         `json:"c,omitempty"`
	ContainerID string         `json:"id,omitempty"`
	Node        string         `json:"node,omitempty"`
	Started     int64          `json:"started,omitempty"`
	At          int64          `json:"at"`
	CPU         *time.Duration `json:"cpu,omitempty"`
	Periods     *int64         `json:"periods,omitempty"`
	Throttled   *int64         `json:"throttled,omitempty"`
	ThrottledNs *time.Duration `json:"throttled_ns,omitempty"`

	Usage      *scenarios.Bytes `json:"usage,omitempty"`
	WorkingSet *scenarios.Bytes `json:"ws,omitempty"`
	Anon       *scenarios.Bytes `json:"anon,omitempty"`
	File       *scenarios.Bytes `json:"file,omitempty"`
	Mapped     *scenarios.Bytes `json:"mapped,omitempty"`
	Peak       *scenarios.Bytes `json:"peak,omitempty"`

	OOMKills    *int64              `json:"oom,omitempty"`
	LimitHits   *int64              `json:"hits,omitempty"`
	CPUStall    *time.Duration      `json:"cpu_psi,omitempty"`
	MemoryStall *time.Duration      `json:"mem_psi,omitempty"`
	CPULimit    *scenarios.MilliCPU `json:"cpu_limit,omitempty"`
	MemoryLimit *scenarios.Bytes    `json:"mem_limit,omitempty"`
}

// MarshalJSON writes a row as one compact object.
func (r Row) MarshalJSON() ([]byte, error) {
	w := wire{
		Namespace: r.Namespace, Pod: r.Pod, UID: r.UID, Container: r.Container, ContainerID: r.ContainerID, Node: r.Node,
		At: r.At.UnixMilli(), CPU: r.CPU, Periods: r.Periods, Throttled: r.ThrottledPeriods, ThrottledNs: r.ThrottledTime,
		Usage: r.Usage, WorkingSet: r.WorkingSet, Anon: r.Anon, File: r.File, Mapped: r.MappedFile, Peak: r.Peak,
		OOMKills: r.OOMKills, LimitHits: r.LimitHits, CPUStall: r.CPUStall, MemoryStall: r.MemoryStall,
		CPULimit: r.CPULimit, MemoryLimit: r.MemoryLimit,
	}
	if !r.Started.IsZero() {
		w.Started = r.Started.UnixMilli()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. The errors name the field that can't be.
func (r *Row) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*r = Row{
		Namespace: w.Namespace, Pod: w.Pod, UID: w.UID, Container: w.Container, ContainerID: w.ContainerID, Node: w.Node,
		Sample: observer.Sample{
			At: time.UnixMilli(w.At), CPU: w.CPU, Periods: w.Periods, ThrottledPeriods: w.Throttled, ThrottledTime: w.ThrottledNs,
			Usage: w.Usage, WorkingSet: w.WorkingSet, Anon: w.Anon, File: w.File, MappedFile: w.Mapped, Peak: w.Peak,
			OOMKills: w.OOMKills, LimitHits: w.LimitHits, CPUStall: w.CPUStall, MemoryStall: w.MemoryStall,
			CPULimit: w.CPULimit, MemoryLimit: w.MemoryLimit,
		},
	}
	if w.Started != 0 {
		r.Started = time.UnixMilli(w.Started)
	}
	return r.check()
}

// check refuses a row without a time, one of a container without its Pod, and counters below 0.
func (r Row) check() error {
	if r.At.UnixMilli() <= 0 {
		return errors.New("a sample without its time")
	}
	if r.Container != "" && (r.UID == "" && r.Pod == "") {
		return fmt.Errorf("container %q of no Pod", r.Container)
	}
	for name, below := range map[string]bool{
		"CPU time": negative(r.CPU), "periods": negative(r.Periods), "throttled periods": negative(r.ThrottledPeriods),
		"throttled time": negative(r.ThrottledTime), "usage": negative(r.Usage), "working set": negative(r.WorkingSet),
		"anonymous memory": negative(r.Anon), "file memory": negative(r.File), "mapped files": negative(r.MappedFile),
		"memory peak": negative(r.Peak), "OOM kills": negative(r.OOMKills), "limit hits": negative(r.LimitHits),
		"CPU pressure": negative(r.CPUStall), "memory pressure": negative(r.MemoryStall), "CPU limit": negative(r.CPULimit),
		"memory limit": negative(r.MemoryLimit),
	} {
		if below {
			return fmt.Errorf("%s below 0", name)
		}
	}
	return nil
}

func negative[N ~int64](n *N) bool { return n != nil && *n < 0 }
