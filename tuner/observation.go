package tuner

import (
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Observation is all that was seen of one trial. A nil pointer is "not known", never zero.
type Observation struct {
	// Start is the wall-clock instant at which load began (or the apply, where the replicas never became Ready).
	Start time.Time `json:"start"`
	// Window is the judged time: the load without its warm-up, up to where it ended. Warmup came before it.
	Window time.Duration `json:"window_ns"`
	Warmup time.Duration `json:"warmup_ns"`
	// Planned is the scenario's whole length. Complete is true where all of it was run.
	Planned  time.Duration `json:"planned_ns"`
	Complete bool          `json:"complete"`
	// Stopped says why the trial was ended early; empty where it was not.
	Stopped string `json:"stopped,omitempty"`
	// Startup of the slowest replica from start to Ready; nil where no replica was started for this trial.
	Startup *time.Duration `json:"startup_ns,omitempty"`
	// NeverReady is true where a replica did not become Ready in its time; then there was no load.
	NeverReady bool `json:"never_ready"`
	// Applying is how long the workload took to have the settings in force and every replica Ready; 0 where it was not
	// measured. It is what a trial costs besides its load and the wait for the last counters.
	Applying time.Duration `json:"applying_ns,omitempty"`
	// Fresh is true where every replica was started for this trial.
	Fresh bool `json:"fresh_replicas"`
	// Load as offered and answered; nil where there was none.
	Load *Load `json:"load,omitempty"`
	// Reader is where the counters were read; nil: where Plimsoll ran, or not known.
	Reader *Place `json:"counters_read_by,omitempty"`
	// Containers of each replica, ordered by replica, then by the order of the file.
	Containers []ContainerUse `json:"containers"`
	// Kills are all ends of containers that nobody asked for, and child processes killed for memory, in order of time.
	Kills []Kill `json:"kills,omitempty"`
	// Seconds is one row for each second of load, warm-up included, ascending.
	Seconds []Second `json:"seconds,omitempty"`
	// Invalid holds each reason for which this trial cannot be judged: the generator fell behind, counters missing,
	// settings not carried, the node disturbed. Such a trial is inconclusive, whatever its figures say.
	Invalid []Doubt `json:"invalid,omitempty"`
	// Closing is how long the last counters and kills took to show after the load; 0 where they showed at once.
	Closing time.Duration `json:"closing_ns,omitempty"`
	// Notes are warnings for a reader that do not make it invalid.
	Notes []string `json:"notes,omitempty"`
}

// DoubtKind names why a trial cannot be judged.
type DoubtKind string

// The kinds of doubt.
const (
	GeneratorBound  DoubtKind = "generator_bound"  // hits were sent late through the generator's own fault
	CountersMissing DoubtKind = "counters_missing" // a counter could not be read or went backwards
	SettingsDiffer  DoubtKind = "settings_differ"  // the replicas did not carry the settings under test
	NodeDisturbed   DoubtKind = "node_disturbed"   // node-wide OOM, pressure, eviction
	RestartUnseen   DoubtKind = "restart_unseen"   // a restart without a seen cause
	StoppedByUser   DoubtKind = "interrupted"      // a person stopped it, or its time was up
	TooShort        DoubtKind = "too_short"        // too few hits or periods to judge
)

// Doubt is one reason for which a trial cannot be judged.
type Doubt struct {
	Kind DoubtKind `json:"kind"`
	Text string    `json:"text"`
}

// Quantile is one point of a latency distribution.
type Quantile struct {
	// Q is 0–1: 0.99 is p99.
	Q float64 `json:"q"`
	// Time at that quantile.
	Time time.Duration `json:"time_ns"`
	// AtLeast is true where the quantile falls among censored hits (timed out, dropped, unfinished): print "≥".
	AtLeast bool `json:"at_least,omitempty"`
}

// Place is where something that measures ran, when that was not where Plimsoll ran. Its times are translated by the offset
// of its clock.
type Place struct {
	// Where in words, as in "Pod shop/plimsoll-load-x on node a".
	Where string `json:"where"`
	// ClockOffset is how far its clock was ahead of that of the machine that Plimsoll ran on; nil where that is not known.
	ClockOffset *time.Duration `json:"clock_offset_ns,omitempty"`
	// ClockWithin is how far the truth may be from it, either way; nil where it is bounded from one side only.
	ClockWithin *time.Duration `json:"clock_within_ns,omitempty"`
}

// Load is what the generator offered and what came of it, over the judged window.
type Load struct {
	// From is where the generator ran; nil: where Plimsoll ran.
	From *Place `json:"from,omitempty"`
	// Offered is hits planned, Achieved hits started, Throughput hits ok, all per second.
	Offered    float64 `json:"offered_hits_per_second"`
	Achieved   float64 `json:"achieved_hits_per_second"`
	Throughput float64 `json:"throughput_hits_per_second"`
	// Outcomes counts every planned hit once. Keys are loadgen's outcome names: ok, unexpected_status,
	// unexpected_body, refused, reset, timeout, dropped, unfinished, protocol, tls, resolve, exhausted.
	Outcomes map[string]int64 `json:"outcomes"`
	// Hits planned in the window that the generator was in time for: the sum of Outcomes. Late hits are those it was
	// not in time for; they were never sent, count for nothing, and too many of them make the trial invalid.
	Hits int64 `json:"hits"`
	Late int64 `json:"late_hits,omitempty"`
	// Response is completion − planned start, what SLOs are judged on, over every hit planned, the failed included;
	// hits that never completed are censored at the longest they were seen to wait.
	// Service is completion − sent (ok hits). Lag is sent − planned: the generator's own.
	// Quantiles ascend by Q; nil where no hit was planned.
	Response []Quantile `json:"response"`
	Service  []Quantile `json:"service"`
	Lag      []Quantile `json:"lag"`
	// Histogram of response time, HdrHistogram V2 compressed, base64, for charts and merging; may be empty.
	Histogram string `json:"response_hdr_v2,omitempty"`
	// MaxInFlight is the most hits in flight at once.
	MaxInFlight int64 `json:"max_in_flight"`
	// Stages has one entry per stage of the scenario that the window covers, in order: what the knee is found on.
	Stages []StageLoad `json:"stages,omitempty"`
	// Replicas counts ok hits by replica, in order; nil where it is not known who answered.
	Replicas []int64 `json:"replica_hits_ok,omitempty"`
}

// StageLoad is Load for one stage.
type StageLoad struct {
	Offered    float64    `json:"offered_hits_per_second"`
	Throughput float64    `json:"throughput_hits_per_second"`
	Response   []Quantile `json:"response"`
}

// Quantile returns the response time at q, and false where it was not recorded.
func (l *Load) Quantile(q float64) (Quantile, bool) {
	if l == nil {
		return Quantile{}, false
	}
	for _, x := range l.Response {
		if x.Q == q {
			return x, true
		}
	}
	return Quantile{}, false
}

// ContainerUse is what one container of one replica used over the judged window.
type ContainerUse struct {
	Container string `json:"container"`
	Replica   int    `json:"replica"`
	// Settings read back from where they are enforced. 0 is "not set".
	CPULimit    scenarios.MilliCPU `json:"cpu_limit_millicores"`
	MemoryLimit scenarios.Bytes    `json:"memory_limit_bytes"`
	// CPU is mean usage over the window in cores; CPUP95 and CPUMax of the rates between samples, one a second but where
	// Source says otherwise. nil: not known.
	CPU    *float64 `json:"cpu_cores"`
	CPUP95 *float64 `json:"cpu_p95_cores"`
	CPUMax *float64 `json:"cpu_max_cores"`
	// StartupCPU is the CPU time from start to Ready, in seconds; nil where it was not started for this trial.
	StartupCPU *float64 `json:"startup_cpu_seconds"`
	// Periods and ThrottledPeriods over the window. Both nil where there is no CPU limit (not applicable) or they
	// could not be read (then Observation.Invalid says so).
	Periods          *int64         `json:"cfs_periods"`
	ThrottledPeriods *int64         `json:"cfs_throttled_periods"`
	ThrottledTime    *time.Duration `json:"throttled_ns"`
	// StartupThrottled is throttled periods over periods from start to Ready, 0–1; nil where unknown.
	StartupThrottled *float64 `json:"startup_throttled_ratio"`
	// WorkingSet is the largest seen, MemoryPeak the kernel's own high-water mark, page cache included, where it was
	// reached in this trial; AnonPeak and FilePeak the largest anonymous and file parts seen. MappedFile is the largest mapped.
	WorkingSet *scenarios.Bytes `json:"working_set_max_bytes"`
	MemoryPeak *scenarios.Bytes `json:"memory_peak_bytes"`
	AnonPeak   *scenarios.Bytes `json:"anon_peak_bytes"`
	FilePeak   *scenarios.Bytes `json:"file_peak_bytes"`
	MappedFile *scenarios.Bytes `json:"mapped_file_max_bytes"`
	// Refaults is how many file pages were read back after reclaim over the window, and LimitHits how often an
	// allocation ran into the memory limit: both high mean thrashing. nil: not known.
	Refaults  *int64 `json:"file_refaults"`
	LimitHits *int64 `json:"memory_limit_hits"`
	// MemoryStall and CPUStall are PSI "some" time over the window, as a ratio 0–1; nil where the kernel has none.
	MemoryStall *float64 `json:"memory_pressure_ratio"`
	CPUStall    *float64 `json:"cpu_pressure_ratio"`
	// OOMKills is the kernel's count over the trial, start-up included; nil where unknown. Restarts likewise.
	OOMKills *int64 `json:"oom_kills"`
	Restarts int    `json:"restarts"`
	// Source names where these figures come from; empty: the kernel of the machine that ran the load.
	Source string `json:"source,omitempty"`
	// MetricsServer is what the metrics API of the cluster said beside it; nil where it said nothing of the window.
	MetricsServer *MetricsUse `json:"metrics_server,omitempty"`
}

// MetricsUse is usage as the metrics API of a cluster shows it (metrics-server, which autoscalers and kubectl top read).
// It is coarser: a spike shorter than its window is not in it, and throttling and kills are not at all.
type MetricsUse struct {
	// Samples whose windows lie inside the judged window, 1 or more; Window is the longest of theirs.
	Samples int           `json:"samples"`
	Window  time.Duration `json:"window_ns"`
	// CPU is the mean over the samples in cores, CPUMax the largest. WorkingSet is the largest.
	CPU        float64         `json:"cpu_cores"`
	CPUMax     float64         `json:"cpu_max_cores"`
	WorkingSet scenarios.Bytes `json:"working_set_max_bytes"`
}

// ThrottledRatio is throttled periods over periods, 0–1; nil where it is not applicable or not known.
func (c ContainerUse) ThrottledRatio() *float64 {
	if c.Periods == nil || c.ThrottledPeriods == nil || *c.Periods == 0 {
		return nil
	}
	return new(float64(*c.ThrottledPeriods) / float64(*c.Periods))
}

// KillKind names how a container, or a process in it, ended.
type KillKind string

// The kinds of kill.
const (
	OOMKill      KillKind = "oom"       // the container's main process, killed for its memory limit
	OOMAtStart   KillKind = "oom_start" // the same before it was ever Ready
	OOMChild     KillKind = "oom_child" // another process of the container; the main one lived on
	Crash        KillKind = "crash"     // it ended by itself
	LivenessKill KillKind = "liveness"  // killed by its liveness probe
	NodeOOM      KillKind = "oom_node"  // killed for the node's memory, not for its limit
	Evicted      KillKind = "evicted"   // its Pod was put off its node
	Deleted      KillKind = "deleted"   // somebody deleted its Pod
	UnknownKill  KillKind = "unknown"   // gone, and nothing says why
)

// Kill is one such end.
type Kill struct {
	Kind      KillKind `json:"kind"`
	Container string   `json:"container"`
	Replica   int      `json:"replica"`
	// At is the time since Observation.Start; negative before load.
	At time.Duration `json:"at_ns"`
	// ExitCode as a shell gives it (128 + signal); nil where nothing exited (a child was killed) or it is not known.
	ExitCode *int `json:"exit_code"`
	// Output holds the last lines the container wrote, 20 at most, oldest first.
	Output []string `json:"output,omitempty"`
}

// Second is one second of a trial: a row of the live line and a point of every chart.
type Second struct {
	// At is the end of the second, since load began.
	At     time.Duration `json:"at_ns"`
	Warmup bool          `json:"warmup,omitempty"`
	// Offered, Achieved, Throughput as in Load, over this second.
	Offered    float64 `json:"offered_hits_per_second"`
	Achieved   float64 `json:"achieved_hits_per_second"`
	Throughput float64 `json:"throughput_hits_per_second"`
	// Failed is hits that completed in this second with another outcome than ok (dropped ones included).
	Failed int64 `json:"failed_hits"`
	// P50 and P99 of the response times of hits that ended in this second; nil where none did.
	P50 *time.Duration `json:"p50_ns"`
	P99 *time.Duration `json:"p99_ns"`
	// InFlight at the end of the second.
	InFlight int64 `json:"in_flight"`
	// Containers in the order of Observation.Containers; nil where nothing was sampled in this second.
	Containers []ContainerSecond `json:"containers,omitempty"`
}

// ContainerSecond is one container of one replica in one second. nil is "not known".
type ContainerSecond struct {
	CPU       *float64         `json:"cpu_cores"`
	Throttled *float64         `json:"throttled_ratio"`
	Memory    *scenarios.Bytes `json:"working_set_bytes"`
	// OOMKills and Restarts are counts since the trial began.
	OOMKills *int64 `json:"oom_kills"`
	Restarts int    `json:"restarts"`
}
