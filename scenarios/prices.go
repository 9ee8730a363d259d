package scenarios

// Prices say what a cluster costs and how large its nodes are: what over-allocation is counted in. The zero Prices say
// nothing of either.
type Prices struct {
	// Core and GiB are the price of one core and of one GiB of memory for a month, in Currency. Both 0: no price is known.
	Core float64 `json:"core_month_price"`
	GiB  float64 `json:"gib_month_price"`
	// Currency is a code of three letters or a sign: "USD", "€".
	Currency string `json:"currency"`
	// NodeCPU, NodeMemory and NodePods are what one node has for Pods. 0: not known.
	NodeCPU    MilliCPU `json:"node_cpu_millicores"`
	NodeMemory Bytes    `json:"node_memory_bytes"`
	NodePods   int      `json:"node_pods"`
}

// DefaultPrices are $17 a core and $2.50 a GiB a month, what StormForge's optimiser assumes ($17, $2–3); Akamas' assumes
// $29 and $3.20. The node is one of 4 cores and 16 GiB less about what the system keeps of it, with the kubelet's default
// of 110 Pods.
func DefaultPrices() Prices {
	return Prices{Core: 17, GiB: 2.5, Currency: "$", NodeCPU: 3900, NodeMemory: 14 * GiB, NodePods: 110}
}
