package scenarios

import "time"

// Start says with which limits the search begins.
type Start string

// The ways to start.
const (
	Conservative Start = "conservative" // 100m and 50Mi per container (or the lower bound where that is higher), as in the talk
	Current      Start = "current"      // the limits in the file or on the object
	Relaxed      Start = "relaxed"      // the upper bounds
)

// ConservativeCPU and ConservativeMemory are where a conservative search starts ("Getting the Most Out of Kubernetes
// with Resource Limits and Load Testing", KubeCon 2018).
const (
	ConservativeCPU    MilliCPU = 100
	ConservativeMemory Bytes    = 50 * MiB
)

// QoS is the policy for requests beside the limits that were found.
type QoS string

// The QoS policies.
const (
	Guaranteed QoS = "guaranteed"   // request = limit
	Burstable  QoS = "burstable"    // request from the usage measured at the stated load, ≤ limit
	NoCPULimit QoS = "no-cpu-limit" // no CPU limit at all: CPU is not searched, throttling is not applicable
)

// Tuning says what the tuner may change and spend.
type Tuning struct {
	Start Start `json:"start"`
	// CPU and Memory say which limits may move.
	CPU    bool `json:"cpu"`
	Memory bool `json:"memory"`
	QoS    QoS  `json:"qos"`
	// MaxTrials and MaxTime are the budget, confirming soak included; both > 0.
	MaxTrials int           `json:"max_trials"`
	MaxTime   time.Duration `json:"max_time_ns"`
	// Safety is the probability aimed at that a run at the derived limits meets every SLO, 0.5 < Safety < 1.
	Safety float64 `json:"safety_ratio"`
	// Probe and Confirm name the scenarios used for coarse trials and for the confirming soak.
	Probe   string `json:"probe"`
	Confirm string `json:"confirm"`
	// Prices are what over-allocation is counted in.
	Prices Prices `json:"prices"`
}
