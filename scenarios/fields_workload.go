package scenarios

import "time"

// The ends of what a resource may be set to. 10m is the least that a CFS quota can hold (1 ms in a period of 100 ms);
// 4Mi holds no process that serves hits.
const (
	leastCPU, mostCPU       MilliCPU = 10, 1024_000
	leastMemory, mostMemory          = 4 * MiB, 64 * 1024 * GiB
)

func defaultWorkload() Workload {
	return Workload{
		Replicas:   1,
		Containers: []Container{},
		Readiness:  Probe{Interval: 100 * time.Millisecond, Timeout: time.Second},
		Startup:    30 * time.Second,
		StopGrace:  5 * time.Second,
	}
}

// workloadVariants are the kinds of workload.
func workloadVariants(w *Workload) []variant {
	kind := must(field{key: "kind", value: scalar(&w.Kind, choice(Local, Kubernetes, Simulated, External)),
		doc: "Where the workload lives; it decides which keys there are."})
	named := must(field{key: "name", value: scalar(&w.Name, label()), doc: "What reports call it."})
	replicas := field{key: "replicas", value: scalar(&w.Replicas, whole(1, 1000)),
		doc: "Replicas under test. Limits hold for each of them; the load is spread over all."}
	startup := field{key: "startup", value: scalar(&w.Startup, duration(100*time.Millisecond, time.Hour)),
		doc: "How long a replica may take to become Ready before the trial has failed."}
	containers := func(doc string, of func(*Container) []field) field {
		return must(field{key: "containers", doc: doc, value: list(&w.Containers, 1, func(c *Container) value {
			c.Tune = true
			return object(c, "an entry of workload.containers", func() []field { return of(c) })
		})})
	}
	return []variant{
		{"local", "processes on this machine, limited by the kernel's cgroups", []field{
			kind, named, replicas,
			{key: "port", value: scalar(&w.Port, whole(0, 65535)),
				doc: "Port of the first replica; the next has the next port. A replica finds its own in the variable PORT. 0: any free port."},
			containers("The processes of one replica, each in a cgroup of its own.", localContainer),
			{key: "readiness", value: object(&w.Readiness, "workload.readiness", func() []field { return probeFields(&w.Readiness) }),
				doc: "Tells when a replica may get traffic. Without it: when its port accepts a TCP connection."},
			startup,
			{key: "stop_grace", value: scalar(&w.StopGrace, duration(0, time.Hour)),
				doc: "How long a replica may take to stop after SIGTERM before it is killed."},
		}},
		{"kubernetes", "an object in a cluster, limited by the kubelet", []field{
			kind,
			must(field{key: "object", value: scalar(&w.Object, objectName()), doc: "The object under test."}),
			{key: "namespace", value: scalar(&w.Namespace, label()), doc: "Its namespace. Without it: that of the kubeconfig's context."},
			{key: "name", value: scalar(&w.Name, label()), doc: "What reports call it. Without it: the name of the object."},
			replicas,
			{key: "port", value: scalar(&w.Port, whole(1, 65535)), doc: "Port of the Pods that serves the traffic; needed unless traffic.url is given."},
			containers("The containers whose limits are searched, or left alone with `tune: false`.", clusterContainer), startup,
		}},
		{"simulated", "a queueing model in virtual time; never a claim about a real service", []field{
			kind, named, replicas,
			containers("The one container of the model.", clusterContainer), startup,
			must(field{key: "simulated", value: optional(&w.Simulated, simulatedValue), doc: "The model: what a hit costs, and what the replica holds."}),
		}},
		{"external", "something at traffic.url that can be loaded, and not tuned", []field{kind, named}},
	}
}

// localContainer is a container that Plimsoll starts itself.
func localContainer(c *Container) []field {
	fields := clusterContainer(c)
	own := []field{
		must(field{key: "command", value: list(&c.Command, 1, func(s *string) value { return scalar(s, anyText()) }),
			doc: "Program and arguments, without a shell. `${PORT}` and `${NAME}` of the environment are replaced."}),
		{key: "directory", value: scalar(&c.Directory, text()), doc: "Folder to run in, relative to the scenario file. Without it: the file's own folder."},
		{key: "env", value: variables(&c.Env, environmentNames), doc: "Variables added to the environment: name to text, or to a source."},
	}
	return append(fields[:1:1], append(own, fields[1:]...)...)
}

// clusterContainer is a container that something else starts.
func clusterContainer(c *Container) []field {
	return []field{
		must(field{key: "name", value: scalar(&c.Name, label()), doc: "Name of the container."}),
		{key: "resources", value: object(&c.Resources, "resources of a container", func() []field { return resourceFields(&c.Resources) }),
			doc: "Its requests and limits of today: the \"before\" of every table."},
		{key: "tune", value: scalar(&c.Tune, yesNo()), doc: "false leaves its limits alone."},
		{key: "bounds", value: object(&c.Bounds, "bounds of a container", func() []field { return boundsFields(&c.Bounds, "bounds of a container") }),
			doc: "Between which its limits are searched. Without it: tuning.bounds."},
	}
}

// resourceFields has the shape of a manifest, so that it can be pasted.
func resourceFields(x *Resources) []field {
	pair := func(of string, c *MilliCPU, m *Bytes) value {
		return object(nil, "resources."+of, func() []field {
			return []field{
				{key: "cpu", value: scalar(c, cpu(1, mostCPU)), doc: "CPU."},
				{key: "memory", value: scalar(m, memory(1*MiB, mostMemory)), doc: "Memory."},
			}
		})
	}
	return []field{
		{key: "requests", value: pair("requests", &x.CPURequest, &x.MemoryRequest), doc: "What the scheduler sets aside. Without it: the limit."},
		{key: "limits", value: pair("limits", &x.CPULimit, &x.MemoryLimit), doc: "What the kernel enforces. Without it: none."},
	}
}

// boundsFields are the ends of a search; path is what the reference calls them.
func boundsFields(b *Bounds, path string) []field {
	return []field{
		{key: "cpu", doc: "Ends of the CPU limit.", value: object(nil, path+".cpu", func() []field {
			return []field{
				{key: "min", value: scalar(&b.CPUMin, cpu(leastCPU, mostCPU)), doc: "The least CPU limit to try."},
				{key: "max", value: scalar(&b.CPUMax, cpu(leastCPU, mostCPU)), doc: "The largest CPU limit to try."},
			}
		})},
		{key: "memory", doc: "Ends of the memory limit.", value: object(nil, path+".memory", func() []field {
			return []field{
				{key: "min", value: scalar(&b.MemoryMin, memory(leastMemory, mostMemory)), doc: "The least memory limit to try."},
				{key: "max", value: scalar(&b.MemoryMax, memory(leastMemory, mostMemory)), doc: "The largest memory limit to try."},
			}
		})},
	}
}

func probeFields(p *Probe) []field {
	return []field{
		{key: "http", value: scalar(&p.HTTPPath, matching("a path such as /healthz", pathShape)),
			doc: "Path to ask for by GET; 200–399 is Ready. Without it: a TCP connection is enough."},
		{key: "interval", value: scalar(&p.Interval, duration(time.Millisecond, time.Hour)), doc: "Time between two probes."},
		{key: "timeout", value: scalar(&p.Timeout, duration(time.Millisecond, time.Hour)), doc: "How long one probe may take."},
		{key: "liveness_failures", value: scalar(&p.LivenessFailures, whole(0, 1000)),
			doc: "A replica that was Ready and fails this many probes in a row is killed and restarted. 0: never."},
	}
}

func simulatedValue(s *SimulatedService) value {
	return object(s, "workload.simulated", func() []field {
		bytes := func(to *Bytes) value { return scalar(to, memory(0, mostMemory)) }
		return []field{
			must(field{key: "cpu_per_hit", value: scalar(&s.CPUPerHit, duration(time.Microsecond, time.Hour)), doc: "CPU time one hit takes."}),
			{key: "base_service", value: scalar(&s.BaseService, duration(0, time.Hour)), doc: "Time of a hit that is no CPU work (waiting on others)."},
			{key: "startup_cpu", value: scalar(&s.StartupCPU, duration(0, time.Hour)), doc: "CPU time spent before the replica is Ready."},
			must(field{key: "memory_base", value: bytes(&s.MemoryBase), doc: "Memory held from the start."}),
			{key: "memory_per_hit", value: bytes(&s.MemoryPerHit), doc: "Memory held by each hit in flight."},
			{key: "memory_cache", value: bytes(&s.MemoryCache), doc: "Memory that the load fills and that then stays."},
			{key: "memory_leak_per_hit", value: bytes(&s.MemoryLeakPerHit), doc: "Memory that a hit never gives back."},
			{key: "noise", value: scalar(&s.Noise, percent(0, 0.99)), doc: "Run-to-run standard deviation of latency and peak memory."},
			{key: "seed", value: scalar(&s.Seed, seed()), doc: "Makes a run repeatable."},
		}
	})
}
