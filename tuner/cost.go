package tuner

import (
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Saving compares what the derived settings set aside over all replicas with what was set aside before.
type Saving struct {
	Replicas int      `json:"replicas"`
	Before   Reserved `json:"before"`
	After    Reserved `json:"after"`
	// Text is the comparison in one or two sentences.
	Text string `json:"text"`
}

// Reserved is what all replicas together set aside: requests are what the scheduler counts by. nil is "not known", never
// zero.
type Reserved struct {
	// CPU and Memory are nil where no container has a request or limit, or one has it before or derived only.
	CPU    *scenarios.MilliCPU `json:"cpu_millicores"`
	Memory *scenarios.Bytes    `json:"memory_bytes"`
	// Month is the price of both, to the cent, as if cores and GiB were bought one by one; nil where one is not known or has no price.
	Month *float64 `json:"price_month"`
	// Nodes is how many whole nodes the replicas need where nothing else runs; nil where CPU, memory or the size of a
	// node is not known, and where a Pod fits on no node.
	Nodes *int64 `json:"nodes"`
}

// Save compares two settings over all replicas. Where a request is not set its limit counts, as Kubernetes takes it. A
// container that sets aside nothing in either is left out; one that does so in one of them only leaves the sum unknown.
//
//	price per month = replicas · (CPU in cores · price of a core + memory in GiB · price of a GiB)
//	whole nodes     = ⌈replicas / Pods per node⌉, Pods per node = ⌊min(node CPU / CPU, node memory / memory, Pods)⌋
//
// Worked: 1000m and 1Gi before, 500m and 512Mi derived, 40 replicas at $17 and $2.50: 40 cores and 40 GiB for $780 come
// down to 20 and 20 for $390. On nodes of 3900m the Pods before fit 3 to a node, 14 nodes; those derived 7, 6 nodes.
func Save(before, after Settings, replicas int, p scenarios.Prices) Saving {
	s := Saving{Replicas: replicas}
	var missing []string
	for _, r := range []Resource{CPU, Memory} {
		was, is, without := compared(before, after, r)
		if len(without) > 0 {
			missing = append(missing, without...)
			continue
		}
		s.Before.add(r, was*int64(replicas))
		s.After.add(r, is*int64(replicas))
	}
	s.Before.count(replicas, p)
	s.After.count(replicas, p)
	s.Text = s.text(missing, p)
	return s
}

// compared sums up what one replica sets aside of a resource in both settings; missing says which container sets aside
// nothing in one of them.
func compared(before, after Settings, r Resource) (was, is int64, missing []string) {
	for _, c := range after {
		old, _ := before.Of(c.Container)
		a, b := old.reserved(r), c.reserved(r)
		if (a == 0) != (b == 0) {
			missing = append(missing, r.name()+" of "+c.Container)
		}
		was, is = was+a, is+b
	}
	return was, is, missing
}

// reserved is the request, or the limit where there is none; 0 is "not set".
func (c ContainerSettings) reserved(r Resource) int64 {
	request, limit := int64(c.CPURequest), int64(c.CPULimit)
	if r == Memory {
		request, limit = int64(c.MemoryRequest), int64(c.MemoryLimit)
	}
	if request == 0 {
		return limit
	}
	return request
}

// name is the resource in a sentence.
func (r Resource) name() string {
	if r == CPU {
		return "CPU"
	}
	return string(r)
}

func (x *Reserved) add(r Resource, sum int64) {
	switch {
	case sum == 0: // no container sets any aside
	case r == CPU:
		x.CPU = new(scenarios.MilliCPU(sum))
	default:
		x.Memory = new(scenarios.Bytes(sum))
	}
}

// count fills in price and nodes.
func (x *Reserved) count(replicas int, p scenarios.Prices) {
	if x.CPU == nil || x.Memory == nil {
		return
	}
	if p.Core > 0 || p.GiB > 0 {
		x.Month = new(math.Round(100*(x.CPU.Cores()*p.Core+gib(*x.Memory)*p.GiB)) / 100)
	}
	n := int64(replicas)
	cpu, memory := int64(*x.CPU)/n, int64(*x.Memory)/n
	if cpu == 0 || memory == 0 {
		return
	}
	if perNode := min(int64(p.NodeCPU)/cpu, int64(p.NodeMemory)/memory, int64(p.NodePods)); perNode > 0 {
		x.Nodes = new((n + perNode - 1) / perNode)
	}
}

func gib(b scenarios.Bytes) float64 { return float64(b) / float64(scenarios.GiB) }
