package scan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// DangerKind names a danger.
type DangerKind string

// The dangers, the worst first.
const (
	OOMKilled       DangerKind = "oom-killed"
	NearMemoryLimit DangerKind = "near-memory-limit"
	Throttled       DangerKind = "throttled"
	NoMemoryLimit   DangerKind = "no-memory-limit"
	NoRequests      DangerKind = "no-requests"
)

// weights rank the dangers; what kills comes before what slows down, and that before what is only not set.
var weights = map[DangerKind]int{OOMKilled: 100, NearMemoryLimit: 40, Throttled: 20, NoMemoryLimit: 5, NoRequests: 2}

// nearLimit is the ratio of working set over memory limit from which a container is near it, and muchThrottled the ratio of
// periods from which it counts as throttled. Both are this program's choice: at 90 % a few Mi more kill, and a tenth of all
// periods is what the scenario files of this repository allow.
const (
	nearLimit     = 0.9
	muchThrottled = 0.1
)

// lately is how long an OOM kill counts as a danger: a week, so that every day of the week was lived through since. It is
// this program's choice too.
const lately = 7 * 24 * time.Hour

// Danger is one danger of one container.
type Danger struct {
	Kind      DangerKind `json:"kind"`
	Container string     `json:"container"`
	Text      string     `json:"text"`
}

// Row is one workload in a ranking.
type Row struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Replicas  int    `json:"replicas"`
	// SpareCPU and SpareMemory are requests above what the busiest replica uses, times the replicas; nil where the usage of
	// a container is not known.
	SpareCPU    *scenarios.MilliCPU `json:"spare_cpu_millicores"`
	SpareMemory *scenarios.Bytes    `json:"spare_memory_bytes"`
	// Month is what the spare costs a month, at the prices of Ranking; nil where it is not known.
	Month   *float64 `json:"spare_cost_month"`
	Dangers []Danger `json:"dangers"`
	// Danger is the sum of the weights of the dangers; 0 is none seen.
	Danger int `json:"danger_score"`
}

// Ranking is the answer of a scan.
type Ranking struct {
	Reading Reading          `json:"reading"`
	Prices  scenarios.Prices `json:"prices"`
	// BySpare has the most expensive over-allocation first; what is not known comes last. ByDanger has the most dangerous
	// first, and only those in danger.
	BySpare  []Row `json:"by_spare"`
	ByDanger []Row `json:"by_danger"`
}

// Rank ranks the workloads of a reading.
func Rank(r Reading, prices scenarios.Prices) Ranking {
	out := Ranking{Reading: r, Prices: prices, BySpare: []Row{}, ByDanger: []Row{}}
	for _, w := range r.Workloads {
		row := newRow(w, r.At, prices)
		out.BySpare = append(out.BySpare, row)
		if row.Danger > 0 {
			out.ByDanger = append(out.ByDanger, row)
		}
	}
	slices.SortStableFunc(out.BySpare, func(a, b Row) int { return cmp.Compare(monthOf(b), monthOf(a)) })
	slices.SortStableFunc(out.ByDanger, func(a, b Row) int { return b.Danger - a.Danger })
	return out
}

// monthOf is the cost to sort by; what is not known comes after what costs nothing.
func monthOf(r Row) float64 {
	if r.Month == nil {
		return -1
	}
	return *r.Month
}

// newRow adds up one workload: 500m too much in 40 Pods is 20 cores.
func newRow(w Workload, at time.Time, prices scenarios.Prices) Row {
	row := Row{Namespace: w.Namespace, Kind: w.Kind, Name: w.Name, Replicas: w.Replicas, Dangers: []Danger{}}
	cpu, memory, known := scenarios.MilliCPU(0), scenarios.Bytes(0), len(w.Containers) > 0
	for _, c := range w.Containers {
		row.Dangers = append(row.Dangers, dangers(c, w.Replicas, at)...)
		if c.UsedCPU == nil || c.UsedMemory == nil {
			known = false
			continue
		}
		cpu += max(0, c.CPURequest-*c.UsedCPU)
		memory += max(0, c.MemoryRequest-*c.UsedMemory)
	}
	for _, d := range row.Dangers {
		row.Danger += weights[d.Kind]
	}
	if known {
		row.SpareCPU, row.SpareMemory = new(cpu*scenarios.MilliCPU(w.Replicas)), new(memory*scenarios.Bytes(w.Replicas))
		row.Month = new(row.SpareCPU.Cores()*prices.Core + float64(*row.SpareMemory)/float64(scenarios.GiB)*prices.GiB)
	}
	return row
}

// dangers of one container in that many replicas, read at an instant, the worst first.
func dangers(c Container, replicas int, at time.Time) []Danger {
	var all []Danger
	add := func(kind DangerKind, format string, args ...any) {
		all = append(all, Danger{kind, c.Name, fmt.Sprintf(format, args...)})
	}
	if c.OOMKills > 0 && (c.LastOOMKill == nil || at.Sub(*c.LastOOMKill) <= lately) {
		add(OOMKilled, "%s was OOM-killed at its last end in %d of %d replicas%s; %d restarts", c.Name, c.OOMKills, replicas, ago(c.LastOOMKill, at), c.Restarts)
	}
	if c.MemoryLimit > 0 && c.UsedMemory != nil && float64(*c.UsedMemory) >= nearLimit*float64(c.MemoryLimit) {
		add(NearMemoryLimit, "%s uses %.0f %% of its memory limit", c.Name, 100*float64(*c.UsedMemory)/float64(c.MemoryLimit))
	}
	if c.Throttled != nil && *c.Throttled >= muchThrottled {
		add(Throttled, "%s was throttled in %.0f %% of its periods since it started", c.Name, 100**c.Throttled)
	}
	if c.MemoryLimit == 0 {
		add(NoMemoryLimit, "%s has no memory limit", c.Name)
	}
	if c.CPURequest == 0 || c.MemoryRequest == 0 {
		add(NoRequests, "%s has no request for CPU or memory", c.Name)
	}
	return all
}

// ago says how long before at something was, roughly; nothing where its time is not known.
func ago(then *time.Time, at time.Time) string {
	if then == nil {
		return ""
	}
	switch passed := at.Sub(*then); {
	case passed < time.Hour:
		return fmt.Sprintf(", %.0f min ago", passed.Minutes())
	case passed < 48*time.Hour:
		return fmt.Sprintf(", %.0f h ago", passed.Hours())
	default:
		return fmt.Sprintf(", %.0f days ago", passed.Hours()/24)
	}
}
