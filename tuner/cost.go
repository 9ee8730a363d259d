package tuner

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Prices of a cluster and the size of its nodes. All are settable; a zero node says nothing of nodes.
type Prices struct {
	// CoreMonth and GiBMonth are the price of one core and of one GiB for a month, in Currency.
	CoreMonth float64 `json:"core_month"`
	GiBMonth  float64 `json:"gib_month"`
	Currency  string  `json:"currency"`
	// NodeCPU, NodeMemory and NodePods are what one node can allocate to Pods. 0: not known.
	NodeCPU    scenarios.MilliCPU `json:"node_cpu_millicores"`
	NodeMemory scenarios.Bytes    `json:"node_memory_bytes"`
	NodePods   int                `json:"node_pods"`
}

// DefaultPrices are list prices of a general-purpose node of 4 cores and 16 GiB, rounded: $17 a core and $2.30 a GiB a
// month, what optimisers of 2023 assumed.
func DefaultPrices() Prices {
	return Prices{CoreMonth: 17, GiBMonth: 2.3, Currency: "$", NodeCPU: 3900, NodeMemory: 14 * scenarios.GiB, NodePods: 110}
}

// Saving compares two settings over all replicas. Negative figures mean that more is needed than before.
type Saving struct {
	// CPU and Memory are what the replicas set aside less than before.
	CPU    scenarios.MilliCPU `json:"cpu_millicores"`
	Memory scenarios.Bytes    `json:"memory_bytes"`
	// Month is their price, as if cores and GiB were bought one by one.
	Month float64 `json:"price_month"`
	// NodesBefore and NodesAfter are whole nodes: nodes = ⌈replicas / Pods per node⌉, Pods per node = ⌊min(CPU, memory, Pods)⌋.
	// Both 0 where the node is not known or a Pod fits on none.
	NodesBefore int `json:"nodes_before"`
	NodesAfter  int `json:"nodes_after"`
	// Known is false where before says nothing of CPU or memory for some container: then nothing can be compared.
	Known bool   `json:"known"`
	Text  string `json:"text"`
}

// Save compares the requests of before and after: they are what the scheduler sets aside. Where a request is not set its
// limit counts, as Kubernetes takes it.
//
//	saving per month = replicas · (ΔCPU in cores · CoreMonth + Δmemory in GiB · GiBMonth)
//
// Worked: 500m and 512Mi too much on 40 replicas at $17 and $2.30 are 20 cores and 20 GiB: $386 a month. On nodes of
// 3900m, Pods of 1000m fit 3 to a node, 14 nodes; Pods of 500m fit 7, 6 nodes.
func Save(before, after Settings, replicas int, p Prices) Saving {
	cpuBefore, memoryBefore, knownBefore := podSize(before)
	cpuAfter, memoryAfter, knownAfter := podSize(after)
	if !knownBefore || !knownAfter {
		return Saving{Text: "what is set aside now is not known for every container, so nothing can be compared"}
	}
	n := int64(replicas)
	s := Saving{Known: true, CPU: scenarios.MilliCPU(n) * (cpuBefore - cpuAfter), Memory: scenarios.Bytes(n) * (memoryBefore - memoryAfter)}
	s.Month = s.CPU.Cores()*p.CoreMonth + float64(s.Memory)/float64(scenarios.GiB)*p.GiBMonth
	s.NodesBefore, s.NodesAfter = nodes(cpuBefore, memoryBefore, replicas, p), nodes(cpuAfter, memoryAfter, replicas, p)
	if s.NodesBefore == 0 || s.NodesAfter == 0 {
		s.NodesBefore, s.NodesAfter = 0, 0
	}
	s.Text = s.text(replicas, p)
	return s
}

// podSize is what one replica sets aside; known is false where a container sets aside nothing.
func podSize(s Settings) (cpu scenarios.MilliCPU, memory scenarios.Bytes, known bool) {
	known = len(s) > 0
	for _, c := range s {
		oneCPU, oneMemory := orLimit(c.CPURequest, c.CPULimit), orLimit(c.MemoryRequest, c.MemoryLimit)
		known = known && oneCPU > 0 && oneMemory > 0
		cpu, memory = cpu+oneCPU, memory+oneMemory
	}
	return cpu, memory, known
}

func orLimit[T scenarios.MilliCPU | scenarios.Bytes](request, limit T) T {
	if request == 0 {
		return limit
	}
	return request
}

// nodes is how many whole nodes the replicas need when nothing else runs there; 0 where unknown.
func nodes(cpu scenarios.MilliCPU, memory scenarios.Bytes, replicas int, p Prices) int {
	if p.NodeCPU == 0 || p.NodeMemory == 0 || p.NodePods == 0 {
		return 0
	}
	perNode := min(int(p.NodeCPU/cpu), int(p.NodeMemory/memory), p.NodePods)
	if perNode == 0 {
		return 0
	}
	return (replicas + perNode - 1) / perNode
}

func (s Saving) text(replicas int, p Prices) string {
	word, sign := "less", 1.0
	if s.Month < 0 {
		word, sign = "more", -1
	}
	text := fmt.Sprintf("%s cores and %s GiB set aside over %d replicas than now: %s%s a month %s",
		signed(s.CPU.Cores()), signed(float64(s.Memory)/float64(scenarios.GiB)), replicas, p.Currency, figures(math.Abs(s.Month*sign)), word)
	if s.NodesBefore > 0 {
		text += fmt.Sprintf("; in whole nodes %d now, %d then", s.NodesBefore, s.NodesAfter)
	}
	return text
}

// signed writes a difference as people read it: 20 saved is "20 fewer".
func signed(saved float64) string {
	if saved < 0 {
		return figures(-saved) + " more"
	}
	return figures(saved) + " fewer"
}
