package tuner

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Advice is one setting of a runtime that is at odds with a derived limit.
type Advice struct {
	Container string `json:"container"`
	// Setting as it is written: "GOMEMLIMIT", "-Xmx".
	Setting string `json:"setting"`
	// Now is its value; empty where it is not set.
	Now string `json:"now,omitempty"`
	// Suggest is the value to set; empty where it is best removed.
	Suggest string `json:"suggest,omitempty"`
	// Why in words, one sentence.
	Why string `json:"why"`
}

// Shares of a memory limit that a heap may take: the rest is stacks, code, buffers and pages. 0.9 is what Go's guide to
// the garbage collector leaves (5–10 %); 0.75 what the JVM's metaspace, threads and code cache usually need beside a heap.
const (
	goShare   = 0.9
	heapShare = 0.75
)

// Advise compares the environment and arguments of one container with the limits derived for it. env holds names and
// values; args is the command line. Nothing is said of what does not contradict a limit; settings that are left to the
// runtime are right by themselves (Go ≥ 1.25 and the JVM read the CPU limit).
func Advise(c ContainerSettings, env map[string]string, args []string) []Advice {
	var all []Advice
	add := func(setting, now, suggest, why string) {
		all = append(all, Advice{c.Container, setting, now, suggest, why})
	}
	adviseGo(c, env, add)
	line := append(strings.Fields(env["JAVA_TOOL_OPTIONS"]+" "+env["JDK_JAVA_OPTIONS"]+" "+env["NODE_OPTIONS"]), args...)
	adviseHeap(c, line, add)
	adviseWorkers(c, env, line, add)
	return all
}

type adviser func(setting, now, suggest, why string)

// adviseGo checks GOMEMLIMIT and GOMAXPROCS.
func adviseGo(c ContainerSettings, env map[string]string, add adviser) {
	if now, limit := env["GOMEMLIMIT"], c.MemoryLimit; now != "" && limit > 0 {
		bytes, ok := goBytes(now)
		suggest := fmt.Sprintf("%dMiB", int64(float64(limit)*goShare)>>20)
		switch {
		case ok && float64(bytes) > 0.95*float64(limit):
			add("GOMEMLIMIT", now, suggest, "the collector would let the heap grow to the memory limit of "+memoryText(limit)+" and be OOM-killed")
		case ok && float64(bytes) < 0.5*float64(limit):
			add("GOMEMLIMIT", now, suggest, "the collector works as if memory were short, while the limit is "+memoryText(limit))
		}
	}
	adviseThreads(c, "GOMAXPROCS", env["GOMAXPROCS"], add)
}

// adviseThreads checks a number of threads against the CPU limit: more threads than cores spend the quota of a CFS
// period in a fraction of it, and then all wait.
func adviseThreads(c ContainerSettings, setting, now string, add adviser) {
	n, err := strconv.Atoi(now)
	if err != nil || c.CPULimit == 0 {
		return
	}
	cores := max(1, int(math.Ceil(c.CPULimit.Cores())))
	if n > cores {
		add(setting, now, strconv.Itoa(cores), fmt.Sprintf("%d threads share %s: together they use it up early in each period, and all are throttled for the rest", n, cpuText(c.CPULimit)))
	}
}

// adviseHeap checks heaps fixed by arguments: -Xmx, MaxRAMPercentage and --max-old-space-size.
func adviseHeap(c ContainerSettings, line []string, add adviser) {
	limit := float64(c.MemoryLimit)
	if limit == 0 {
		return
	}
	mib := int64(limit*heapShare) >> 20
	for i, arg := range line {
		name, value, _ := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "-Xmx"):
			if heap, ok := javaBytes(arg[4:]); ok && float64(heap) > 0.85*limit {
				add("-Xmx", arg, "-XX:MaxRAMPercentage=75", "heap and all beside it exceed the memory limit of "+memoryText(c.MemoryLimit)+"; as a share it follows the limit")
			}
		case name == "-XX:MaxRAMPercentage":
			if p, err := strconv.ParseFloat(value, 64); err == nil && p > 85 {
				add(name, value, "75", "the JVM needs memory beside the heap, and the memory limit leaves it none")
			}
		case name == "--max-old-space-size" || name == "--max_old_space_size":
			if value == "" && i+1 < len(line) {
				value = line[i+1]
			}
			if n, err := strconv.ParseFloat(value, 64); err == nil && n*float64(scenarios.MiB) > 0.9*limit {
				add(name, value, strconv.FormatInt(mib, 10), "the heap may outgrow the memory limit of "+memoryText(c.MemoryLimit)+" before it is collected")
			}
		}
	}
}

// adviseWorkers checks worker counts: WEB_CONCURRENCY, and --workers or -w of gunicorn and uvicorn.
func adviseWorkers(c ContainerSettings, env map[string]string, line []string, add adviser) {
	// Workers that wait for others are worth having beyond the cores, so only twice the cores and more is said.
	check := func(setting, now string) {
		if n, err := strconv.Atoi(now); err == nil && c.CPULimit > 0 && n > 2*max(1, int(math.Ceil(c.CPULimit.Cores())))+1 {
			adviseThreads(c, setting, now, add)
		}
	}
	check("WEB_CONCURRENCY", env["WEB_CONCURRENCY"])
	for i, arg := range line {
		name, value, joined := strings.Cut(arg, "=")
		if name != "--workers" && arg != "-w" {
			continue
		}
		if !joined && i+1 < len(line) {
			value = line[i+1]
		}
		check(name, value)
	}
}

// goBytes reads Go's memory sizes: 512MiB, 1GiB, 1048576, 64KiB, 10B.
func goBytes(s string) (int64, bool) {
	for _, u := range []struct {
		suffix string
		shift  int
	}{{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}, {"", 0}} {
		if digits, ok := strings.CutSuffix(s, u.suffix); ok {
			n, err := strconv.ParseInt(digits, 10, 64)
			return n << u.shift, err == nil
		}
	}
	return 0, false
}

// javaBytes reads the JVM's sizes: 512m, 2G, 64k, 1048576.
func javaBytes(s string) (int64, bool) {
	shift := 0
	if s != "" {
		shift = map[byte]int{'k': 10, 'm': 20, 'g': 30, 't': 40}[s[len(s)-1]|0x20]
	}
	if shift > 0 {
		s = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n << shift, err == nil
}
