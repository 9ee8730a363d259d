package scenarios

// MilliCPU is CPU in thousandths of a core: 250 is a quarter of a core, "250m" in Kubernetes.
// In settings 0 means "not set"; it is never used for "unknown".
type MilliCPU int64

// Bytes is memory in bytes. In settings 0 means "not set"; it is never used for "unknown".
type Bytes int64

// Sizes people write memory in. MiB is 1024² bytes, "Mi" in Kubernetes; MB is not used anywhere.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
)

// Cores returns m in cores: 250 gives 0.25.
func (m MilliCPU) Cores() float64 { return float64(m) / 1000 }

// Resources are the requests and limits of one container, as its manifest states them. 0 means "not set".
// Where a request is not set but its limit is, Kubernetes takes the limit as the request.
type Resources struct {
	CPURequest    MilliCPU `json:"cpu_request_millicores"`
	CPULimit      MilliCPU `json:"cpu_limit_millicores"`
	MemoryRequest Bytes    `json:"memory_request_bytes"`
	MemoryLimit   Bytes    `json:"memory_limit_bytes"`
}

// Bounds are the ends between which one container's limits may be searched, both included.
type Bounds struct {
	CPUMin    MilliCPU `json:"cpu_min_millicores"`
	CPUMax    MilliCPU `json:"cpu_max_millicores"`
	MemoryMin Bytes    `json:"memory_min_bytes"`
	MemoryMax Bytes    `json:"memory_max_bytes"`
}
