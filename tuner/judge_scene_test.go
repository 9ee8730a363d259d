package tuner

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// limits sets the limits of a container, under test and in force; a container that is not there yet is added.
func (s *scene) limits(name, cpu, memory string) error {
	var set scenarios.Resources
	var err error
	if cpu != "-" {
		if set.CPULimit, err = scenarios.ParseMilliCPU(cpu); err != nil {
			return err
		}
	}
	if memory != "-" {
		if set.MemoryLimit, err = scenarios.ParseBytes(memory); err != nil {
			return err
		}
	}
	if _, known := s.step.Settings.Of(name); !known {
		idle := passing().Containers[0]
		idle.Container, idle.CPU = name, new(0.01)
		s.step.Settings = append(s.step.Settings, ContainerSettings{Container: name})
		s.o.Containers = append(s.o.Containers, idle)
	}
	for i := range s.step.Settings {
		if s.step.Settings[i].Container == name {
			s.step.Settings[i].Resources = set
		}
	}
	for i, c := range s.o.Containers {
		if c.Container != name {
			continue
		}
		s.o.Containers[i].CPULimit, s.o.Containers[i].MemoryLimit = set.CPULimit, set.MemoryLimit
		if set.CPULimit == 0 {
			s.o.Containers[i].Periods, s.o.Containers[i].ThrottledPeriods = nil, nil
		}
	}
	return nil
}

func (s *scene) rates(args []string) error {
	plan := &s.goal.Scenarios[0]
	var st scenarios.Stage
	var err error
	if st.From, err = strconv.ParseFloat(args[0], 64); err != nil {
		return err
	}
	if st.To, err = strconv.ParseFloat(args[1], 64); err != nil {
		return err
	}
	if st.For, err = time.ParseDuration(args[2]); err != nil {
		return err
	}
	if plan.Warmup > 0 { // the plan of probeGoal
		plan.Warmup, plan.Stages = 0, nil
	}
	plan.Stages = append(plan.Stages, st)
	return nil
}

func (s *scene) trialField(key, value string) (err error) {
	switch key {
	case "window":
		s.o.Window, err = time.ParseDuration(value)
	case "complete":
		s.o.Complete = value == "yes"
	case "stopped":
		s.o.Stopped = strings.ReplaceAll(value, "_", " ")
	case "never_ready":
		s.o.NeverReady, s.o.Load, s.o.Window = true, nil, 0
	default:
		err = fmt.Errorf("no such field")
	}
	return err
}

// loadField sets a quantile (p99=66ms, p99=≥2s), a rate, or the count of an outcome.
func (s *scene) loadField(key, value string) error {
	l := s.o.Load
	if percentile, ok := strings.CutPrefix(key, "p"); ok && percentile[0] <= '9' {
		p, err := strconv.ParseFloat(percentile, 64)
		if err != nil {
			return err
		}
		text, atLeast := strings.CutPrefix(value, "≥")
		d, err := time.ParseDuration(text)
		l.Response = append(l.Response, Quantile{p / 100, d, atLeast})
		return err
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if key == "hits" {
		l.Hits, l.Offered = n, float64(n)/s.o.Window.Seconds()
		return err
	}
	l.Outcomes[key] = n
	if key == "ok" {
		l.Throughput = float64(n) / s.o.Window.Seconds()
	}
	return err
}

// use changes what a container used; ? is unknown. Without replica= it is the first.
func (s *scene) use(name string, args []string) error {
	replica := 0
	var c *ContainerUse
	find := func() {
		for i := range s.o.Containers {
			if s.o.Containers[i].Container == name && s.o.Containers[i].Replica == replica {
				c = &s.o.Containers[i]
			}
		}
	}
	find()
	return s.each(args, func(key, value string) (err error) {
		number := func(p **float64) {
			*p, err = parsed(value, func(v string) (float64, error) { return strconv.ParseFloat(v, 64) })
		}
		count := func(p **int64) {
			*p, err = parsed(value, func(v string) (int64, error) { return strconv.ParseInt(v, 10, 64) })
		}
		switch key {
		case "replica":
			replica, err = strconv.Atoi(value)
			find()
		case "cpu":
			number(&c.CPU)
		case "stall":
			number(&c.MemoryStall)
		case "startup_throttled":
			number(&c.StartupThrottled)
		case "memory":
			c.WorkingSet, err = parsed(value, scenarios.ParseBytes)
		case "peak":
			c.MemoryPeak, err = parsed(value, scenarios.ParseBytes)
		case "refaults":
			count(&c.Refaults)
		case "limit_hits":
			count(&c.LimitHits)
		case "oom_kills":
			count(&c.OOMKills)
		case "restarts":
			c.Restarts, err = strconv.Atoi(value)
		case "throttled":
			over, periods, _ := strings.Cut(value, "/")
			value = periods
			count(&c.Periods)
			value = over
			count(&c.ThrottledPeriods)
		default:
			err = fmt.Errorf("no such field")
		}
		return err
	})
}

func parsed[T any](value string, parse func(string) (T, error)) (*T, error) {
	if value == "?" || value == "" {
		return nil, nil
	}
	v, err := parse(value)
	return &v, err
}

// seconds appends seconds of 200 hits/s; ok= and failed= are counts, warmup marks them as warm-up.
func (s *scene) seconds(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	row := Second{Offered: 200, Achieved: 200, Throughput: 200}
	err = s.each(args[1:], func(key, value string) (err error) {
		var d time.Duration
		switch key {
		case "warmup":
			row.Warmup = true
		case "p50":
			d, err = time.ParseDuration(value)
			row.P50 = &d
		case "p99":
			d, err = time.ParseDuration(value)
			row.P99 = &d
		case "ok":
			row.Throughput, err = strconv.ParseFloat(value, 64)
		case "failed":
			row.Failed, err = strconv.ParseInt(value, 10, 64)
		case "in_flight":
			row.InFlight, err = strconv.ParseInt(value, 10, 64)
		case "throttled":
			row.Containers = make([]ContainerSecond, 1)
			row.Containers[0].Throttled, err = parsed(value, func(v string) (float64, error) { return strconv.ParseFloat(v, 64) })
		default:
			err = fmt.Errorf("no such field")
		}
		return err
	})
	for range n {
		row.At = time.Duration(len(s.o.Seconds)+1) * time.Second
		s.o.Seconds = append(s.o.Seconds, row)
	}
	return err
}

// memory appends seconds in which the working set of the first container goes from one value to another.
func (s *scene) memory(args []string) error {
	from, err := scenarios.ParseBytes(args[1])
	if err != nil {
		return err
	}
	to, err := scenarios.ParseBytes(args[2])
	if err != nil {
		return err
	}
	return s.course(float64(from), float64(to), args[3], func(row *Second, v float64) { row.Containers[0].Memory = new(scenarios.Bytes(v)) })
}

// replicas adds replicas like the first, up to n of them.
func (s *scene) replicas(text string) error {
	n, err := strconv.Atoi(text)
	first := s.o.Containers
	for s.goal.Replicas = n; err == nil && len(s.o.Containers) < n*len(first); {
		for _, c := range first {
			c.Replica = len(s.o.Containers) / len(first)
			s.o.Containers = append(s.o.Containers, c)
		}
	}
	return err
}

// slower appends seconds in which the median response time goes from one value to another.
func (s *scene) slower(args []string) error {
	from, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	to, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	return s.course(float64(from), float64(to), args[2], func(row *Second, v float64) { row.P50 = new(time.Duration(v)) })
}

// work appends seconds in which the usage of the first container, in cores, goes from one value to another.
func (s *scene) work(args []string) error {
	from, err := strconv.ParseFloat(args[1], 64)
	if err != nil {
		return err
	}
	to, err := strconv.ParseFloat(args[2], 64)
	if err != nil {
		return err
	}
	return s.course(from, to, args[3], func(row *Second, v float64) { row.Containers[0].CPU = &v })
}

// course appends so many seconds of 200 hits/s in which one value goes evenly from one to another.
func (s *scene) course(from, to float64, seconds string, set func(row *Second, value float64)) error {
	n, err := strconv.Atoi(seconds)
	for i := range n {
		row := Second{At: time.Duration(len(s.o.Seconds)+1) * time.Second, Offered: 200, Achieved: 200, Throughput: 200,
			Containers: make([]ContainerSecond, len(s.o.Containers))}
		set(&row, from+(to-from)*float64(i)/float64(n))
		s.o.Seconds = append(s.o.Seconds, row)
	}
	return err
}
