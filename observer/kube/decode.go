package kube

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/plimsoll/plimsoll/scenarios"
)

// longestLine is more than any line of a kubelet; a longer one is refused and not kept in memory.
const longestLine = 1 << 20

// Filter says of which Pods rows are wanted. The node itself is always.
type Filter struct {
	Namespace string
	// Prefixes of the names of Pods; none: every Pod of the namespace.
	Prefixes []string
}

// wants is whether a Pod is wanted.
func (f Filter) wants(namespace, pod string) bool {
	return namespace == f.Namespace && (len(f.Prefixes) == 0 ||
		slices.ContainsFunc(f.Prefixes, func(p string) bool { return strings.HasPrefix(pod, p) }))
}

// setter puts the value of one series into a row.
type setter func(r *Row, value float64)

// series are the series of the kubelet's /metrics/cadvisor that count.
// https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md
var series = map[string]setter{
	"container_cpu_usage_seconds_total":         func(r *Row, v float64) { r.CPU = seconds(v) },
	"container_cpu_cfs_periods_total":           func(r *Row, v float64) { r.Periods = whole[int64](v) },
	"container_cpu_cfs_throttled_periods_total": func(r *Row, v float64) { r.ThrottledPeriods = whole[int64](v) },
	"container_cpu_cfs_throttled_seconds_total": func(r *Row, v float64) { r.ThrottledTime = seconds(v) },
	"container_memory_usage_bytes":              func(r *Row, v float64) { r.Usage = whole[scenarios.Bytes](v) },
	"container_memory_working_set_bytes":        func(r *Row, v float64) { r.WorkingSet = whole[scenarios.Bytes](v) },
	"container_memory_rss":                      func(r *Row, v float64) { r.Anon = whole[scenarios.Bytes](v) },
	"container_memory_cache":                    func(r *Row, v float64) { r.File = whole[scenarios.Bytes](v) },
	"container_memory_mapped_file":              func(r *Row, v float64) { r.MappedFile = whole[scenarios.Bytes](v) },
	// 0 where the kernel keeps no high-water mark (version 2 before Linux 5.19).
	"container_memory_max_usage_bytes": func(r *Row, v float64) { r.Peak = aboveZero(whole[scenarios.Bytes](v)) },
	"container_memory_failcnt":         func(r *Row, v float64) { r.LimitHits = aboveZero(whole[int64](v)) }, // version 1
	// From 1.37: memory.events max, version 2.
	"container_memory_events_max_total":               func(r *Row, v float64) { r.LimitHits = whole[int64](v) },
	"container_oom_events_total":                      func(r *Row, v float64) { r.OOMKills = whole[int64](v) },
	"container_pressure_cpu_waiting_seconds_total":    func(r *Row, v float64) { r.CPUStall = seconds(v) },
	"container_pressure_memory_waiting_seconds_total": func(r *Row, v float64) { r.MemoryStall = seconds(v) },
	"container_spec_memory_limit_bytes":               func(r *Row, v float64) { r.MemoryLimit = whole[scenarios.Bytes](v) },
	"container_spec_cpu_quota":                        func(r *Row, v float64) { r.CPULimit = whole[scenarios.MilliCPU](v) }, // over the period below
	"container_spec_cpu_period":                       nil,
	"container_start_time_seconds":                    func(r *Row, v float64) { r.Started = unix(v) },
}

// pressureSeries starts the names of those that a kernel without PSI has as 0 all over the node.
const pressureSeries = "container_pressure_"

// DecodeCadvisor reads the text of a kubelet's /metrics/cadvisor as a stream and returns the rows of the Pods that are
// wanted and of the node, ordered by Pod, container and ID. Each row has the time of its own sample. A series that is not
// there leaves its field nil. The error is that of a text which is none, or of reading it.
func DecodeCadvisor(r io.Reader, wanted Filter) ([]Row, error) {
	d := newDecoding(wanted)
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	for lines.Scan() {
		if err := d.line(lines.Bytes()); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return d.finish(), nil
}

// decoding is one text in progress. Rows and CPU periods are by cgroup.
type decoding struct {
	wanted  Filter
	rows    map[string]*Row
	periods map[string]float64
	// pressed is true once any pressure was above 0.
	pressed bool
}

func newDecoding(wanted Filter) *decoding {
	return &decoding{wanted: wanted, rows: map[string]*Row{}, periods: map[string]float64{}}
}

// line takes in one line. Those of other series and other Pods are not parsed.
func (d *decoding) line(text []byte) error {
	name := text
	if i := bytes.IndexAny(text, "{ "); i >= 0 {
		name = text[:i]
	}
	set, known := series[string(name)]
	if !known {
		return nil
	}
	// Only a whole parser knows what quotes and backslashes in a label mean; only our lines reach it.
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(append(bytes.Clone(text), '\n')))
	if err != nil {
		return fmt.Errorf("decode metrics: %w: %.100q", err, text)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			d.metric(family.GetName(), set, m)
		}
	}
	return nil
}

// metric puts one value where it belongs.
func (d *decoding) metric(name string, set setter, m *dto.Metric) {
	label := map[string]string{}
	for _, l := range m.GetLabel() {
		label[l.GetName()] = l.GetValue()
	}
	at := time.Time{}
	if m.TimestampMs != nil {
		at = time.UnixMilli(m.GetTimestampMs())
	}
	d.value(name, set, label, m.GetUntyped().GetValue(), at)
}

// value puts one value into the row of its cgroup. at is zero where it has no time of its own.
func (d *decoding) value(name string, set setter, label map[string]string, value float64, at time.Time) {
	if strings.HasPrefix(name, pressureSeries) && value > 0 {
		d.pressed = true
	}
	if cpu := label["cpu"]; cpu != "" && cpu != "total" {
		return
	}
	if label["id"] != "/" && !d.wanted.wants(label["namespace"], label["pod"]) || label["container"] == "" && label["name"] != "" {
		return // another's, or the sandbox of a Pod
	}
	id := cgroupOf(label)
	if name == "container_spec_cpu_period" {
		d.periods[id] = value
		return
	}
	row := d.rows[id]
	if row == nil {
		row = &Row{
			Namespace: label["namespace"], Pod: label["pod"], UID: uidOf(label["id"]), Container: label["container"], ContainerID: label["name"],
		}
		d.rows[id] = row
	}
	if !at.IsZero() {
		if row.At.IsZero() {
			row.At = at
		} else if row.At.Sub(at).Abs() > time.Second {
			return // of another sample: what it was at this one is not known
		}
	}
	set(row, value)
}

// known puts a value without a time into the row of its cgroup, where there is one.
func (d *decoding) known(name string, set setter, label map[string]string, value float64) {
	if d.rows[cgroupOf(label)] != nil {
		d.value(name, set, label, value, time.Time{})
	}
}

// cgroupOf tells cgroups apart, also where a server has dropped their paths.
func cgroupOf(label map[string]string) string {
	if id := label["id"]; id != "" {
		return id
	}
	return label["pod"] + "/" + label["container"] + "/" + label["name"]
}

// finish turns quotas into limits and leaves out what can't be dated.
func (d *decoding) finish() []Row {
	var all []Row
	for id, r := range d.rows {
		switch quota, period := r.CPULimit, d.periods[id]; {
		case quota != nil && period > 0:
			r.CPULimit = new(scenarios.MilliCPU(math.Round(float64(*quota) * 1000 / period)))
		case quota != nil:
			r.CPULimit = nil
		case period > 0:
			r.CPULimit = new(scenarios.MilliCPU(0)) // a period without a quota: no limit
		}
		if !d.pressed {
			r.CPUStall, r.MemoryStall = nil, nil
		}
		if r.At.UnixMilli() > 0 {
			all = append(all, *r)
		}
	}
	slices.SortFunc(all, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.UID, b.UID), cmp.Compare(a.Container, b.Container), cmp.Compare(a.ContainerID, b.ContainerID))
	})
	return all
}

// podFolder finds the UID in the path of a cgroup, written by the cgroupfs driver or by systemd's, which has _ for -.
var podFolder = regexp.MustCompile(`pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?:/|$)`)

func uidOf(cgroup string) string {
	if m := podFolder.FindStringSubmatch(cgroup); m != nil {
		return strings.ReplaceAll(m[1], "_", "-")
	}
	return ""
}

// whole is v as an integer; nil where it is none that can be: below 0, not a number, too large.
func whole[N ~int64](v float64) *N {
	if !(v >= 0 && v < 1<<62) {
		return nil
	}
	return new(N(math.Round(v)))
}

func aboveZero[N ~int64](n *N) *N {
	if n == nil || *n == 0 {
		return nil
	}
	return n
}

func seconds(v float64) *time.Duration { return whole[time.Duration](v * float64(time.Second)) }

func unix(v float64) time.Time {
	if ms := whole[int64](v * 1000); ms != nil && *ms > 0 {
		return time.UnixMilli(*ms)
	}
	return time.Time{}
}
