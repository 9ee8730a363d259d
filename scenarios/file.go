package scenarios

import "time"

// File is one scenario file, read, checked and with every default filled in.
type File struct {
	// Version of the format; 1.
	Version int `json:"version"`
	// Workload is what is under test.
	Workload Workload `json:"workload"`
	// Traffic is what is sent to it.
	Traffic Traffic `json:"traffic"`
	// Scenarios are the load shapes, in the order of the file; at least one, names unique.
	Scenarios []Scenario `json:"scenarios"`
	// SLOs hold for every scenario; those of one scenario only are in Scenario.SLOs. OOM kills and restarts fail a
	// trial whether or not an SLO names them, unless the file allows some.
	SLOs []SLO `json:"slos"`
	// Tuning says what the tuner may change and spend.
	Tuning Tuning `json:"tuning"`
}

// Kind says where a workload lives.
type Kind string

// The kinds of workload.
const (
	Local      Kind = "local"      // processes on this machine, limited by the kernel's cgroups
	Kubernetes Kind = "kubernetes" // an object in a cluster, limited by the kubelet
	Simulated  Kind = "simulated"  // a queueing model in virtual time; never a claim about a real service
	External   Kind = "external"   // something at Traffic.URL that can be loaded, and not tuned
)

// Workload is what is under test.
type Workload struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// Replicas under test, 1 or more. Limits hold for each replica; the load is spread over all of them.
	Replicas int `json:"replicas"`
	// Object names a Kubernetes workload ("deploy/web"); empty for other kinds.
	Object string `json:"object,omitempty"`
	// Namespace of the object; empty for that of the kubeconfig's context, and for other kinds.
	Namespace string `json:"namespace,omitempty"`
	// Port that serves the traffic. A local replica gets a port of its own in the environment variable PORT (and for
	// ${PORT} in its commands): Port + its number, or any free port where Port is 0.
	Port int `json:"port"`
	// Containers of one replica, in the order of the file; at least one (none where Kind is External), names unique.
	Containers []Container `json:"containers"`
	// Readiness tells when a replica may get traffic.
	Readiness Probe `json:"readiness"`
	// Startup is how long a replica may take to become Ready before the trial has failed.
	Startup time.Duration `json:"startup_ns"`
	// StopGrace is how long a replica may take to stop after SIGTERM before it is killed.
	StopGrace time.Duration `json:"stop_grace_ns"`
	// Simulated describes the model; nil for other kinds.
	Simulated *SimulatedService `json:"simulated,omitempty"`
}

// Container is one container of a replica.
type Container struct {
	Name string `json:"name"`
	// Command is the program and its arguments (local only). ${PORT} and ${NAME} of the environment are replaced.
	Command []string `json:"command,omitempty"`
	// Directory to run in (local only): the folder of the scenario file, joined with what the file says.
	Directory string `json:"directory,omitempty"`
	// Env is added to the environment, in the order of the file (local only).
	Env []Variable `json:"-" msgpack:"-"`
	// Runtime holds what Env, or the environment of plimsoll, sets of the sizes of a language runtime (GOMEMLIMIT, …), by
	// name; never what is marked secret. Of another kind of workload than Local it is not known, and nil.
	Runtime map[string]string `json:"runtime_variables,omitempty"`
	// Resources are the current requests and limits: the "before" of every table.
	Resources Resources `json:"resources"`
	// Tune is false for a container whose limits are left alone.
	Tune bool `json:"tune"`
	// Bounds between which its limits are searched.
	Bounds Bounds `json:"bounds"`
}

// Variable is a named value; Secret holds it, so that it is never printed, whether or not it was marked secret.
type Variable struct {
	Name  string
	Value Secret
	// Marked is true where the file says `secret: true`: then no output may hold the value, wherever it came from.
	Marked bool
}

// Probe tells when a replica is Ready: an HTTP path that answers 200–399, or a TCP port that accepts.
type Probe struct {
	// HTTPPath is asked for by GET; empty means a TCP connection is enough.
	HTTPPath string        `json:"http_path,omitempty"`
	Interval time.Duration `json:"interval_ns"`
	Timeout  time.Duration `json:"timeout_ns"`
	// Liveness kills and restarts a replica that fails the probe this many times in a row after it was Ready; 0: never.
	LivenessFailures int `json:"liveness_failures"`
}

// SimulatedService is the queueing model of one replica: every need is a number, so the least limits are known.
type SimulatedService struct {
	// CPUPerHit is the CPU time one hit takes.
	CPUPerHit time.Duration `json:"cpu_per_hit_ns"`
	// BaseService is the time of a hit that is no CPU work (waiting on others).
	BaseService time.Duration `json:"base_service_ns"`
	// StartupCPU is the CPU time spent before the replica is Ready.
	StartupCPU time.Duration `json:"startup_cpu_ns"`
	// MemoryBase is held from the start, MemoryPerHit by each hit in flight, MemoryCache is filled by the load and stays.
	MemoryBase   Bytes `json:"memory_base_bytes"`
	MemoryPerHit Bytes `json:"memory_per_hit_bytes"`
	MemoryCache  Bytes `json:"memory_cache_bytes"`
	// MemoryLeakPerHit is never given back; 0 is no leak.
	MemoryLeakPerHit Bytes `json:"memory_leak_per_hit_bytes"`
	// Noise is the run-to-run standard deviation of ln(latency) and ln(peak memory); a ratio, 0 is none.
	Noise float64 `json:"noise_ratio"`
	// Seed makes a run repeatable.
	Seed uint64 `json:"seed"`
}

// Traffic is what is sent.
type Traffic struct {
	// URL is the base to send to where the workload does not tell its own addresses; empty otherwise.
	URL string `json:"url,omitempty"`
	// Protocol of every hit.
	Protocol Protocol `json:"protocol"`
	// Timeout of one hit, from its actual start. A hit that exceeds it is recorded as censored at this value.
	Timeout time.Duration `json:"timeout_ns"`
	// MaxInFlight caps the hits in flight over all replicas. Hits over the cap are dropped and counted.
	MaxInFlight int `json:"max_in_flight"`
	// Arrivals says how hits are spaced.
	Arrivals Arrivals `json:"arrivals"`
	// Seed of the schedule and of the choice of hits. The same seed gives the same schedule, to the hit.
	Seed uint64 `json:"seed"`
	// HitsPerConnection closes a connection after that many hits; 0: never.
	HitsPerConnection int `json:"hits_per_connection"`
	// ConnectionLifetime closes a connection after that time; 0: never.
	ConnectionLifetime time.Duration `json:"connection_lifetime_ns"`
	// FollowRedirects follows up to 10 redirects within one hit.
	FollowRedirects bool `json:"follow_redirects"`
	TLS             TLS  `json:"tls"`
	// GRPC is set for the grpc protocol.
	GRPC *GRPC `json:"grpc,omitempty"`
	// Hits are the kinds of hit, at least one, names unique; each is chosen with probability weight / sum of weights.
	Hits []Hit `json:"hits"`
}

// Protocol is how hits are sent.
type Protocol string

// The protocols. HTTP2 is over TLS for https URLs and with prior knowledge (h2c) for http URLs.
const (
	HTTP1 Protocol = "http/1.1"
	HTTP2 Protocol = "http/2"
	GRPCP Protocol = "grpc"
)

// Arrivals says how the planned instants of hits are spaced.
type Arrivals string

// The ways of spacing hits.
const (
	Uniform Arrivals = "uniform" // equal gaps
	Poisson Arrivals = "poisson" // independent exponential gaps with the same mean
)

// TLS settings of the connection to the workload. All paths are files in PEM.
type TLS struct {
	CAFile     string `json:"ca_file,omitempty"`
	CertFile   string `json:"cert_file,omitempty"`
	KeyFile    string `json:"key_file,omitempty"`
	ServerName string `json:"server_name,omitempty"`
	// SkipVerify accepts any certificate; said in every report.
	SkipVerify bool `json:"skip_verify,omitempty"`
}

// GRPC says where the method descriptors come from; both empty means server reflection.
type GRPC struct {
	ProtoFiles  []string `json:"proto_files,omitempty"`
	ImportPaths []string `json:"import_paths,omitempty"`
}

// Hit is one kind of call. Path, header values and body are templates: {{.column}} of the data row, {{.hit}} for the
// number of the hit (from 0).
type Hit struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
	// Method is an HTTP method, or "package.Service/Method" for grpc.
	Method string `json:"method"`
	Path   string `json:"path"`
	// Headers in the order of the file. Values may be secret and never reach an output.
	Headers []Variable `json:"-" msgpack:"-"`
	Body    Secret     `json:"-" msgpack:"-"`
	// BodyMarked is true where the file says `secret: true` of the body.
	BodyMarked bool `json:"-" msgpack:"-"`
	// Data rows, cycled in order; nil when the hit has none. Every row has the same columns.
	Data *Data `json:"-" msgpack:"-"`
	// Status codes that count as ok; empty means 200–399. For grpc: 0 (OK).
	Status []int `json:"expected_status,omitempty"`
	// BodyContains must be part of the reply's body for it to count as ok; empty: not checked.
	BodyContains string `json:"expected_body_contains,omitempty"`
}

// Data is the rows of a CSV or JSON-lines file.
type Data struct {
	File    string
	Columns []string
	// Rows have one value per column, in the order of Columns.
	Rows [][]string
}
