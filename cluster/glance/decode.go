package glance

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// containerKey names one container of a Pod.
type containerKey struct{ namespace, pod, container string }

// periods are the periods of a CPU quota since the container started.
type periods struct{ all, throttled float64 }

// The two series of a kubelet's /metrics/cadvisor that a glance needs, and the labels of a line of them.
const (
	periodsSeries   = "container_cpu_cfs_periods_total"
	throttledSeries = "container_cpu_cfs_throttled_periods_total"
)

var labelPattern = regexp.MustCompile(`([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"`)

// decodePeriods reads the two series out of the Prometheus text of a kubelet; whatever else is in it is passed over. The
// error names a line that can't be read.
func decodePeriods(text []byte) (map[containerKey]periods, error) {
	all := map[containerKey]periods{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		name, rest, ok := strings.Cut(line, "{")
		if !ok || name != periodsSeries && name != throttledSeries {
			continue
		}
		end := strings.LastIndex(rest, "}")
		if end < 0 {
			return nil, fmt.Errorf("no end of the labels in %.80q", line)
		}
		fields := strings.Fields(rest[end+1:])
		if len(fields) == 0 {
			return nil, fmt.Errorf("no value in %.80q", line)
		}
		value, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return nil, fmt.Errorf("value of %.80q: %w", line, err)
		}
		key := keyOf(rest[:end])
		if key.container == "" || key.pod == "" {
			continue // a cgroup above the containers
		}
		p := all[key]
		if name == periodsSeries {
			p.all = value
		} else {
			p.throttled = value
		}
		all[key] = p
	}
	return all, lines.Err()
}

// keyOf reads the labels. Names of Kubernetes hold nothing that would be escaped.
func keyOf(labels string) containerKey {
	var key containerKey
	for _, m := range labelPattern.FindAllStringSubmatch(labels, -1) {
		switch m[1] {
		case "namespace":
			key.namespace = m[2]
		case "pod":
			key.pod = m[2]
		case "container":
			key.container = m[2]
		}
	}
	return key
}

// ratio is throttled periods over periods; nil where there were none.
func (p periods) ratio() *float64 {
	if !(p.all > 0) || !(p.throttled >= 0) || p.throttled > p.all {
		return nil
	}
	return new(p.throttled / p.all)
}
