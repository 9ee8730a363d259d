package scenarios

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// How long the ramp of a new file holds its rate: long enough for 100 periods of a CPU quota, and in a cluster, where a
// kubelet samples a container every 10 to 20 seconds, for some samples.
const (
	hold        = "15s"
	clusterHold = "1m"
)

// InitURL is a commented scenario file for a service that is there already, at a URL that CheckURL accepts. Its load can
// be run and judged; limits are not changed.
func InitURL(text string) []byte {
	hit := "/"
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		hit = cmp.Or(u.EscapedPath(), "/")
		text = u.Scheme + "://" + u.Host
	}
	base := "\n  # Where to send to; the paths of hits are added to it.\n  url: " + strconv.Quote(text)
	return fill(initHead+initExternal+initTraffic+initLoad, "HOLD", hold, "BASE", base, "PATH", strconv.Quote(hit))
}

// InitCommand is a commented scenario file for a service that command starts on this machine. command has at least one
// word; the service is told its port in the variable PORT.
func InitCommand(command []string) []byte {
	quoted := make([]string, len(command))
	for i, word := range command {
		quoted[i] = strconv.Quote(word)
	}
	text := initHead + initLocal + initTraffic + initLoad + initTuning
	return fill(text, "HOLD", hold, "TIME", "30m", "BASE", "", "PATH", "/", "NAME", labelFor(command), "COMMAND", strings.Join(quoted, ", "))
}

// InitObject is a commented scenario file for w, a workload in a cluster: its object, namespace, replicas, port and the
// names of its containers. Where w has no port the file asks for one.
func InitObject(w Workload) []byte {
	var containers strings.Builder
	for _, c := range w.Containers {
		fmt.Fprintf(&containers, "\n    - name: %s", c.Name)
	}
	port := "port: " + strconv.Itoa(w.Port)
	if w.Port == 0 {
		port = "# No container of it names a port; write the one that serves the traffic.\n  port: 8080"
	}
	text := initHead + initKubernetes + initTraffic + initLoad + initTuning
	return fill(text, "HOLD", clusterHold, "TIME", "90m", "BASE", "", "PATH", "/", "OBJECT", w.Object, "NAMESPACE", w.Namespace, "REPLICAS", strconv.Itoa(w.Replicas),
		"PORT", port, "CONTAINERS", containers.String())
}

// fill replaces each @KEY@ of text, in one pass: what a value holds is not looked at again. Values are YAML already;
// strconv.Quote makes them so, since it escapes as YAML's double quotes do.
func fill(text string, pairs ...string) []byte {
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = "@" + pairs[i] + "@"
	}
	return []byte(strings.NewReplacer(pairs...).Replace(text))
}

// noLabel is what a label can't hold.
var noLabel = regexp.MustCompile(`[^a-z0-9]+`)

// labelFor makes a name of the program that command starts.
func labelFor(command []string) string {
	if len(command) == 0 {
		return "app"
	}
	name := noLabel.ReplaceAllLiteralString(strings.ToLower(path.Base(command[0])), "-")
	return cmp.Or(strings.Trim(name[:min(len(name), 63)], "-"), "app")
}

const initHead = `# A scenario file for Plimsoll: what is under test, what is sent to it, how much of it, and what must hold.
# Every key is explained in docs/scenario-file.md; "plimsoll validate -f FILE" checks the file without starting anything.

version: 1
`

const initExternal = `
# Something that runs already. Its load can be run and judged ("plimsoll load"); Plimsoll changes no limits here.
# To have limits derived, let Plimsoll run it: "plimsoll init -- COMMAND".
workload:
  kind: external
  name: service
`

const initLocal = `
# What is under test: a process of this machine, in a cgroup of its own.
workload:
  kind: local
  name: @NAME@
  # Replicas to run side by side; the load is spread over all of them, limits hold for each.
  replicas: 1
  # Each replica finds its port in the environment variable PORT (${PORT} in the command). 0: any free port.
  port: 0
  containers:
    - name: @NAME@
      # Program and arguments, without a shell. Paths are relative to this file.
      command: [@COMMAND@]
      # Variables it needs. Values can come from the environment or a file and be kept out of every output:
      # env:
      #   DATABASE_PASSWORD: {env: DATABASE_PASSWORD, secret: true}
      # What it has in production today: the "before" of every table.
      # resources:
      #   requests: {cpu: 500m, memory: 256Mi}
      #   limits: {cpu: 2, memory: 512Mi}
  # When a replica may get traffic: a path that answers 200 to 399. Without it: when its port accepts connections.
  # readiness:
  #   http: /healthz
  # A replica that is not Ready by then has failed the trial.
  startup: 30s
`

const initKubernetes = `
# What is under test: an object in a cluster. Its limits are changed trial by trial, and put back at the end.
workload:
  kind: kubernetes
  object: @OBJECT@
  namespace: @NAMESPACE@
  # Replicas during the search; autoscalers are pinned to them. Limits hold for each; the load is spread over all of them.
  replicas: @REPLICAS@
  # Port of the Pods that serves the traffic.
  @PORT@
  # The containers whose limits are searched; the requests and limits of today are read from the object.
  # "tune: false" leaves those of a container alone.
  containers:@CONTAINERS@
  # A replica that is not Ready by then has failed the trial.
  startup: 2m
`

const initTraffic = `
# What is sent. Hits go out on a schedule, whether or not earlier ones were answered.
traffic:@BASE@
  # http/1.1, http/2 or grpc.
  protocol: http/1.1
  # How long one hit may take before it counts as an error.
  timeout: 5s
  hits:
    - name: main
      method: GET
      path: @PATH@
      # weight: 1
      # headers:
      #   Authorization: {env: API_TOKEN}
      # body: '{"user": "{{.user}}"}'
      # data: users.csv
      # expect: {status: [200]}
`

const initLoad = `
# The load shapes. Set the rates to what one run of your service has to carry, over all replicas.
scenarios:
  # Short: finds the bottleneck and the order of magnitude. The warm-up is not judged on latency.
  - name: ramp
    kind: ramp
    warmup: 5s
    stages:
      - {to: 50/s, for: 5s}
      - {to: 50/s, for: @HOLD@}
  # Long and steady: confirms, and looks for leaks. Half an hour or more finds slow ones.
  - name: soak
    kind: soak
    rate: 50/s
    warmup: 10s
    for: 2m

# What must hold. Kills for memory and restarts fail a trial even without a line here.
slos:
  - p99 < 200ms
  - errors < 0.1%
`

const initTuning = `  - throttled < 10%

# What Plimsoll may change, and what it may spend on it.
tuning:
  # conservative begins at 100m and 50Mi, as too little shows and too much hides; current at the limits above; relaxed
  # at the upper bounds.
  start: conservative
  limits: [cpu, memory]
  bounds:
    cpu: {min: 50m, max: 4}
    memory: {min: 16Mi, max: 4Gi}
  # guaranteed: request = limit. burstable: request from the usage that was measured. no-cpu-limit: no CPU limit at all.
  qos: burstable
  budget:
    trials: 24
    time: @TIME@
`
