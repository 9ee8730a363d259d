package compat

import (
	"math"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// The defaults of controllers, which are flags that no client can read.
const (
	// hpaTolerance is --horizontal-pod-autoscaler-tolerance.
	// Source: k8s.io/kubernetes pkg/controller/podautoscaler/config/v1alpha1/defaults.go.
	hpaTolerance = 0.1
	// hpaSync is --horizontal-pod-autoscaler-sync-period.
	hpaSync = 15 * time.Second
	// metricsAge is how old a metric may be: a scrape each 15 s (the manifests of metrics-server) of a sample that is up
	// to 20 s old (cAdvisor's housekeeping).
	metricsAge = 35 * time.Second
	// vpaMargin is what the VPA's recommender adds: request = 1.15 × the 90th percentile of usage.
	// Source: kubernetes/autoscaler vertical-pod-autoscaler/pkg/recommender (--recommendation-margin-fraction 0.15).
	vpaMargin = 1.15
	// vpaMinReplicas is --min-replicas of the VPA's updater.
	vpaMinReplicas = 2
	// usageShare is how much of a CPU limit a service can use before throttling hurts it: 1 ÷ 1.15, the smallest passing
	// limit over mean usage of three runtimes in four (a JIT needs more).
	usageShare = 1 / 1.15
)

// vpaFloor is the least that the VPA recommends for a Pod; each of n containers gets an n-th.
// Source: --pod-recommendation-min-cpu-millicores 25, --pod-recommendation-min-memory-mb 250.
func vpaFloor(r tuner.Resource, containers int) int64 {
	if r == tuner.CPU {
		return 25 / int64(max(1, containers))
	}
	return 250 << 20 / int64(max(1, containers))
}

// Desired is how many replicas an HPA wants:
//
//	desired = ceil(n · u ÷ t), and n where |u ÷ t − 1| ≤ tolerance
//
// n replicas now, u the metric's average over them, t its target in the same unit. Source: kubernetes.io, "Horizontal
// Pod Autoscaling", algorithm details. Worked: n 4, u 80, t 50 → 7; u 54 (ratio 1.08) → 4.
func Desired(n int, u, t, tolerance float64) int {
	ratio := u / t
	if math.Abs(ratio-1) <= tolerance+1e-9 {
		return n
	}
	return int(math.Ceil(float64(n)*ratio - 1e-9))
}

// ReplicasFor is how many Pods carry a load where each is meant to take target of it, within min and max.
// Worked: 900 hits/s at 100 each → 9; at most 8 → 8.
func ReplicasFor(load, target float64, least, most int) int {
	return min(max(int(math.Ceil(load/target-1e-9)), least), most)
}

// SpiralBounds are the targets, as ratios of the request, between which a VPA and an HPA on the utilization of the same
// resource leave each other alone. The VPA sets request = 1.15 · u, so the HPA sees u ÷ request = 1 ÷ 1.15, and
//
//	ratio = 1 ÷ (1.15 · T)
//
// Above 1 + tolerance it scales out without end (T below low), below 1 − tolerance in without end (T above high). Usage
// is taken as even; where the 90th percentile is above the mean both bounds fall by mean ÷ p90.
// Worked, tolerance 0.1: low 0.7905, high 0.9662.
func SpiralBounds(tolerance float64) (low, high float64) {
	return 1 / (vpaMargin * (1 + tolerance)), 1 / (vpaMargin * (1 - tolerance))
}

// SpiralFactor is by how much each change of the VPA multiplies the replicas at a target ratio T: 1 ÷ (1.15 · T).
// Worked: T 0.5 → 1.74.
func SpiralFactor(target float64) float64 { return 1 / (vpaMargin * target) }

// Reach is the largest utilization that a Pod can show, as a ratio of its request: limit ÷ request; +Inf without a limit.
func Reach(limit, request int64) float64 {
	if limit == 0 {
		return math.Inf(1)
	}
	return float64(limit) / float64(request)
}

// Dead says whether an HPA can never scale out: usage can't exceed the limit, so the ratio to the target never passes
// the tolerance. reach and target are ratios of the request: reach ≤ target · (1 + tolerance).
// Worked: Guaranteed (reach 1) at 95 %: 1 ≤ 1.045, dead; at 90 %: 1 > 0.99, alive.
func Dead(reach, target, tolerance float64) bool { return reach <= target*(1+tolerance)+1e-9 }

// ReachableTarget is the largest target in whole percent at which the HPA acts while the limit does not yet hurt: it
// acts at T · (1 + tolerance), which shall be 1 ÷ 1.15 of the reach. Worked: reach 1, tolerance 0.1 → 79.
func ReachableTarget(reach, tolerance float64) int {
	return max(1, int(math.Floor(100*usageShare*reach/(1+tolerance))))
}

// MovedTarget is the target in percent, rounded, that keeps the scale-out point where it was when a request changes:
// T · old ÷ new. Over 100 % is legal. Worked: 60 % of 500m → 88 % of 340m.
func MovedTarget(percent int, before, after int64) int {
	return max(1, int(math.Round(float64(percent)*float64(before)/float64(after))))
}

// MovedReplicas is how many replicas the same load asks for when a request changes and the target does not:
// ceil(n · old ÷ new), no change within the tolerance. Worked: 4 replicas, 500m → 340m: 6.
func MovedReplicas(n int, before, after int64, tolerance float64) int {
	return Desired(n, float64(before), float64(after), tolerance)
}

// Lead is how long it takes from a rise of the load until one more Pod serves: the age of the metric, one sync period of
// the HPA, and the start of the Pod. Worked: a Pod Ready after 10 s → 60 s.
func Lead(startup time.Duration) time.Duration { return metricsAge + hpaSync + startup }

// TargetHits is the rate per Pod at which an HPA keeps each Pod at or below limit while one more starts:
//
//	(limit − rise ÷ n · lead) ÷ (1 + tolerance)
//
// limit: hits/s one Pod can take; rise: hits/s each second over n Pods. 0 or less: no target is early enough.
// Worked: 100/s, rising 1/s² over 2 Pods, lead 60 s, tolerance 0.1 → 63.6/s.
func TargetHits(limit, rise float64, n int, lead time.Duration, tolerance float64) float64 {
	return (limit - rise/float64(n)*lead.Seconds()) / (1 + tolerance)
}

// FastestRise is the steepest rise, in hits per second each second over n Pods, that an HPA with this target can follow:
// n · (limit − target · (1 + tolerance)) ÷ lead. Worked: 2 Pods, limit 100, target 63.6, lead 60 s → 1/s².
func FastestRise(limit, target float64, n int, lead time.Duration, tolerance float64) float64 {
	return max(0, float64(n)*(limit-target*(1+tolerance))/lead.Seconds())
}

// fits is how many Pods of one kind find room on empty nodes: per node the least of CPU, memory and the kubelet's own
// number of Pods. Worked: 2 nodes of 2000m and 110 Pods, Pods of 600m → 3 each, 6.
func fits(nodes []Node, cpu, memory int64) int {
	total := 0
	for _, n := range nodes {
		room := n.Pods
		if cpu > 0 {
			room = min(room, int(n.Allocatable.of(tuner.CPU)/cpu))
		}
		if memory > 0 {
			room = min(room, int(n.Allocatable.of(tuner.Memory)/memory))
		}
		total += room
	}
	return total
}
