package tuner

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Advice is one setting of a language runtime that is at odds with a derived limit.
type Advice struct {
	Container string `json:"container"`
	// Setting as it is written: "GOMEMLIMIT", "-Xmx".
	Setting string `json:"setting"`
	// Now is its value; empty where it is not set.
	Now string `json:"now,omitempty"`
	// Suggest is what to set instead; empty where it is best removed.
	Suggest string `json:"suggest,omitempty"`
	// Why in words, one clause.
	Why string `json:"why"`
}

// Shares of a memory limit that a heap may take: the rest is stacks, code, buffers and pages. 0.9 is what Go's guide to
// the garbage collector leaves (5–10 %); 0.75 what the JVM's metaspace, threads and code cache usually need beside a heap.
const (
	goShare   = 0.9
	heapShare = 0.75
)

// Advise compares the environment and the command line of one container with the limits derived for it. Nothing is said
// of what does not contradict a limit, and nothing of what is not set: Go from 1.25 on and the JVM from 10 on read the
// limits themselves. Values that the runtime itself would refuse are passed over.
func Advise(c ContainerSettings, env map[string]string, command []string) []Advice {
	a := adviser{c: c, env: env}
	for _, arg := range command {
		a.words = append(a.words, strings.Fields(arg)...) // sh -c "exec java -Xmx1g -jar app.jar" is one argument
	}
	a.golang()
	a.java()
	a.node()
	a.workers()
	return a.found
}

// adviser collects what is at odds.
type adviser struct {
	c     ContainerSettings
	env   map[string]string
	words []string
	found []Advice
}

func (a *adviser) add(setting, now, suggest, why string) {
	a.found = append(a.found, Advice{a.c.Container, setting, now, suggest, why})
}

// golang checks GOMEMLIMIT, GOGC and GOMAXPROCS. GOMEMLIMIT is all that the runtime maps; a collection begins when it is
// near, however little is garbage.
func (a *adviser) golang() {
	a.threads("GOMAXPROCS", a.env["GOMAXPROCS"], 2, "Go from 1.25 on finds this number by itself")
	limit := float64(a.c.MemoryLimit)
	if limit == 0 {
		return
	}
	now, suggest := a.env["GOMEMLIMIT"], strconv.FormatInt(mib(limit*goShare), 10)+"MiB"
	bytes, ok := goBytes(now)
	switch {
	case ok && float64(bytes) > 0.95*limit:
		a.add("GOMEMLIMIT", now, suggest, "the heap may grow past the memory limit of "+memoryText(a.c.MemoryLimit)+" before the collector sees a reason to work")
	case ok && float64(bytes) < 0.5*limit:
		a.add("GOMEMLIMIT", now, suggest, "the collector works hard to stay below it, while the memory limit is "+memoryText(a.c.MemoryLimit)+"; right only where the rest is used outside of Go's heap")
	case !ok && a.env["GOGC"] == "off":
		a.add("GOMEMLIMIT", now, suggest, "with GOGC=off nothing is ever collected until memory ends at the limit of "+memoryText(a.c.MemoryLimit))
	}
}

// threads checks a number of threads against the CPU limit: more threads than cores spend the quota of a CFS period in
// a fraction of it, and then all wait. least is the number that a runtime takes however small the limit.
func (a *adviser) threads(setting, now string, least int, note string) {
	n, err := strconv.Atoi(now)
	if err != nil || n < 1 || a.c.CPULimit == 0 {
		return
	}
	limit, cores := cpuText(a.c.CPULimit), max(least, a.cores())
	switch {
	case n > cores:
		a.add(setting, now, strconv.Itoa(cores), fmt.Sprintf("%d threads share %s: when all run they use it up early in each period and wait for the rest of it; %s", n, limit, note))
	case float64(n) <= a.c.CPULimit.Cores()-1:
		a.add(setting, now, strconv.Itoa(a.cores()), fmt.Sprintf("%s can't use all of the CPU limit of %s; %s", plural(int64(n), "thread"), limit, note))
	}
}

// cores is the CPU limit in whole cores, rounded up.
func (a *adviser) cores() int { return max(1, int(math.Ceil(a.c.CPULimit.Cores()))) }

// java checks the size of the heap and the number of processors. A later option wins over an earlier one, and a size over
// a share.
func (a *adviser) java() {
	options := strings.Fields(a.env["JAVA_TOOL_OPTIONS"] + " " + a.env["JDK_JAVA_OPTIONS"])
	for _, word := range a.words {
		if word == "-jar" || word == "-m" || word == "--module" {
			break // what follows is the program's own
		}
		options = append(options, word)
	}
	options = append(options, strings.Fields(a.env["_JAVA_OPTIONS"])...)
	a.threads("-XX:ActiveProcessorCount", last(options, "-XX:ActiveProcessorCount="), 1, "the JVM finds this number by itself")
	size := last(options, "-Xmx", "-XX:MaxHeapSize=")
	if a.c.MemoryLimit == 0 {
		return
	}
	if size == "" {
		a.javaShare(options)
		return
	}
	if heap, ok := javaBytes(size); ok && float64(heap) > 0.85*float64(a.c.MemoryLimit) {
		suggest := "-XX:MaxRAMPercentage=75"
		if a.small(50) {
			suggest = "" // then the JVM takes half
		}
		a.add("-Xmx", size, suggest, "the heap may grow until it and what the JVM needs beside it exceed the memory limit of "+memoryText(a.c.MemoryLimit)+"; a share of the limit would follow it")
	}
}

// javaShare checks the share of memory that the heap may take. Despite its name MinRAMPercentage is the share in a small
// memory, where MaxRAMPercentage has no effect.
func (a *adviser) javaShare(options []string) {
	name, suggest := "-XX:MaxRAMPercentage", "75"
	least, err := strconv.ParseFloat(last(options, "-XX:MinRAMPercentage="), 64)
	if err != nil {
		least = 50
	}
	if a.small(least) {
		name, suggest = "-XX:MinRAMPercentage", "50"
	}
	now := last(options, name+"=")
	if share, err := strconv.ParseFloat(now, 64); err == nil && share > 85 {
		a.add(name, now, suggest, "the JVM needs memory beside the heap, and the memory limit of "+memoryText(a.c.MemoryLimit)+" leaves it next to none")
	}
}

// small is whether the JVM counts the memory limit as a small memory: that percentage of it is below its default heap of
// 96 MiB × 1.3 (set_heap_size in HotSpot's arguments.cpp). At 50 % that is a limit below 250 MiB.
func (a *adviser) small(percentage float64) bool {
	return float64(a.c.MemoryLimit)*percentage/100 < 1.3*96*float64(scenarios.MiB)
}

// node checks V8's old space, which is in MiB.
func (a *adviser) node() {
	options := append(strings.Fields(a.env["NODE_OPTIONS"]), a.words...)
	for i, word := range options {
		options[i] = strings.ReplaceAll(word, "_", "-") // V8 takes both
	}
	now, limit := last(options, "--max-old-space-size="), float64(a.c.MemoryLimit)
	if n, err := strconv.ParseFloat(now, 64); err == nil && limit > 0 && n*float64(scenarios.MiB) > goShare*limit {
		a.add("--max-old-space-size", now, strconv.FormatInt(mib(limit*heapShare), 10), "the heap may outgrow the memory limit of "+memoryText(a.c.MemoryLimit)+" before it is collected")
	}
}

// servers fork as many workers as they are told.
var servers = []string{"gunicorn", "uvicorn", "hypercorn", "puma"}

// workers checks the number of worker processes. Those that wait for others are worth having beyond the cores: gunicorn's
// manual recommends 2 for each core and 1 more.
func (a *adviser) workers() {
	name, now := "WEB_CONCURRENCY", a.env["WEB_CONCURRENCY"]
	words := a.words
	if !a.serves() {
		words = nil
	}
	for i, word := range words {
		if value, joined := strings.CutPrefix(word, "--workers="); joined {
			name, now = "--workers", value
		}
		if (word == "--workers" || word == "-w") && i+1 < len(words) {
			name, now = word, words[i+1]
		}
	}
	enough := 2*a.cores() + 1
	if n, err := strconv.Atoi(now); err == nil && a.c.CPULimit > 0 && n > enough {
		a.add(name, now, strconv.Itoa(enough), fmt.Sprintf("%d workers share %s, and each takes memory of its own; 2 for each core and 1 more is what gunicorn recommends", n, cpuText(a.c.CPULimit)))
	}
}

// serves is whether the command runs one of servers.
func (a *adviser) serves() bool {
	for _, word := range a.words {
		for _, server := range servers {
			if word == server || strings.HasSuffix(word, "/"+server) {
				return true
			}
		}
	}
	return false
}

// last is what follows the last of options that begins with one of the prefixes; empty where none does.
func last(options []string, prefixes ...string) string {
	found := ""
	for _, word := range options {
		for _, prefix := range prefixes {
			if value, ok := strings.CutPrefix(word, prefix); ok {
				found = value
			}
		}
	}
	return found
}

func mib(bytes float64) int64 { return int64(bytes) >> 20 }

// goBytes reads Go's memory sizes: 512MiB, 1GiB, 1048576, 64KiB, 10B.
func goBytes(s string) (int64, bool) {
	for _, u := range []struct {
		suffix string
		shift  int
	}{{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}, {"", 0}} {
		if digits, ok := strings.CutSuffix(s, u.suffix); ok {
			return shifted(digits, u.shift)
		}
	}
	return 0, false
}

// javaBytes reads the JVM's sizes: 512m, 2G, 64k, 1048576.
func javaBytes(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	shift := map[byte]int{'k': 10, 'm': 20, 'g': 30, 't': 40}[s[len(s)-1]|0x20]
	if shift > 0 {
		s = s[:len(s)-1]
	}
	return shifted(s, shift)
}

// shifted is digits × 2^shift; false where they are none or the product is over 2^63.
func shifted(digits string, shift int) (int64, bool) {
	n, err := strconv.ParseInt(digits, 10, 64)
	return n << shift, err == nil && n >= 0 && n <= math.MaxInt64>>shift
}
