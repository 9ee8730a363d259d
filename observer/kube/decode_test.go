package kube

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// The text of a real kubelet (1.35.4, cgroup version 1): a Pod of two containers with limits, one without, one whose child
// was OOM-killed.
func TestDecodeCadvisor(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "cadvisor-1.35-v1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := DecodeCadvisor(bytes.NewReader(text), Filter{Namespace: "w"})
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]Row{}
	for _, r := range rows {
		named[r.Pod+"/"+r.Container] = r
	}
	if len(rows) != 8 || len(named) != 8 {
		t.Fatalf("%d rows, want 8: the node, three Pods, four containers", len(rows))
	}
	app := named["burn/app"]
	if app.UID != "41e77a1f-03de-4337-a12b-8b0986c5106d" || !strings.HasPrefix(app.ContainerID, "832d8abf") ||
		app.At.UnixMilli() != 1795729245373 || app.Started.Unix() != 1795729214 {
		t.Errorf("%+v", app)
	}
	if *app.CPU != 2286622832 || *app.Periods != 307 || *app.ThrottledPeriods != 79 || *app.ThrottledTime != 1953985082 {
		t.Errorf("CPU %v, %d of %d periods, %v", *app.CPU, *app.ThrottledPeriods, *app.Periods, *app.ThrottledTime)
	}
	if *app.CPULimit != 100 || *app.MemoryLimit != 64*scenarios.MiB || *app.Peak != 3739648 || *app.Anon != 663552 || *app.File != 20480 {
		t.Errorf("limits %v and %v, peak %d", *app.CPULimit, *app.MemoryLimit, *app.Peak)
	}
	if app.CPUStall != nil || app.MemoryStall != nil {
		t.Error("pressure that is 0 on the whole node is known")
	}
	if pod := named["burn/"]; *pod.Periods != 359 || *pod.CPULimit != 200 || pod.ContainerID != "" {
		t.Errorf("the Pod's own cgroup: %+v", pod)
	}
	if free := named["free/app"]; free.Periods != nil || free.ThrottledPeriods != nil || *free.CPULimit != 0 || *free.MemoryLimit != 0 {
		t.Errorf("without limits: %+v", free)
	}
	if child := named["oom-child/app"]; *child.OOMKills != 1 {
		t.Errorf("%d OOM kills of a child, want 1", *child.OOMKills)
	}
	if node := named["/"]; node.UID != "" || *node.OOMKills != 0 {
		t.Errorf("the node: %+v", node)
	}
	only, err := DecodeCadvisor(bytes.NewReader(text), Filter{Namespace: "w", Prefixes: []string{"oom-"}})
	if err != nil || len(only) != 3 {
		t.Errorf("%d rows (%v) of Pods oom-*, want 3: the node, the Pod, its container", len(only), err)
	}
}

func TestDecodeLines(t *testing.T) {
	const pod = `namespace="w",pod="p",container="c",name="n",id="/kubepods.slice/kubepods-pod41e77a1f_03de_4337_a12b_8b0986c5106d.slice/cri-containerd-n.scope"`
	for _, c := range []struct {
		name, text string
		check      func(Row) bool
	}{
		{"systemd's path", `container_cpu_usage_seconds_total{` + pod + `,cpu="total"} 1 5000`,
			func(r Row) bool { return r.UID == "41e77a1f-03de-4337-a12b-8b0986c5106d" && *r.CPU == time.Second }},
		{"one CPU of many", `container_cpu_usage_seconds_total{` + pod + `,cpu="total"} 3 5000` + "\n" + `container_cpu_usage_seconds_total{` + pod + `,cpu="cpu00"} 1 5000`,
			func(r Row) bool { return *r.CPU == 3*time.Second }},
		{"not a number", `container_memory_rss{` + pod + `} NaN 5000`, func(r Row) bool { return r.Anon == nil }},
		{"below 0", `container_memory_rss{` + pod + `} -1 5000`, func(r Row) bool { return r.Anon == nil }},
		{"infinite", `container_memory_rss{` + pod + `} +Inf 5000`, func(r Row) bool { return r.Anon == nil }},
		{"a kernel without a high-water mark", `container_memory_max_usage_bytes{` + pod + `} 0 5000`, func(r Row) bool { return r.Peak == nil }},
		{"another sample's value", "container_memory_rss{" + pod + "} 7 5000\ncontainer_memory_cache{" + pod + "} 7 15000",
			func(r Row) bool { return *r.Anon == 7 && r.File == nil && r.At.UnixMilli() == 5000 }},
		{"a quota over another period", "container_memory_rss{" + pod + "} 7 5000\ncontainer_spec_cpu_quota{" + pod + "} 25000\ncontainer_spec_cpu_period{" + pod + "} 50000",
			func(r Row) bool { return *r.CPULimit == 500 }},
		{"a quota without its period", "container_memory_rss{" + pod + "} 7 5000\ncontainer_spec_cpu_quota{" + pod + "} 25000",
			func(r Row) bool { return r.CPULimit == nil }},
		{"pressure", `container_pressure_cpu_waiting_seconds_total{` + pod + `} 0.5 5000`, func(r Row) bool { return *r.CPUStall == time.Second/2 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := DecodeCadvisor(strings.NewReader(c.text), Filter{Namespace: "w"})
			if err != nil || len(rows) != 1 || !c.check(rows[0]) {
				t.Errorf("%+v, %v", rows, err)
			}
		})
	}
	for name, text := range map[string]string{
		"no time":     "container_memory_rss{" + pod + "} 7",
		"the sandbox": `container_memory_rss{namespace="w",pod="p",container="",name="n",id="/a"} 7 5000`,
		"another's":   `container_memory_rss{namespace="x",pod="p",container="c",name="n",id="/a"} 7 5000`,
	} {
		if rows, err := DecodeCadvisor(strings.NewReader(text), Filter{Namespace: "w"}); err != nil || len(rows) != 0 {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
	if _, err := DecodeCadvisor(strings.NewReader("container_memory_rss{"), Filter{}); err == nil {
		t.Error("half a line is no error")
	}
	if _, err := DecodeCadvisor(strings.NewReader("container_memory_rss"+strings.Repeat("x", longestLine)), Filter{}); err == nil {
		t.Error("an endless line is no error")
	}
}

// Whatever a kubelet sends, the rows hold nothing below 0, have a time, and survive being written and read.
func FuzzDecodeCadvisor(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "cadvisor-1.35-v1.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := DecodeCadvisor(bytes.NewReader(text), Filter{Namespace: "w"})
		if err != nil {
			return
		}
		for _, r := range rows {
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var again Row
			if err := json.Unmarshal(line, &again); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
	})
}

func FuzzRow(f *testing.F) {
	f.Add([]byte(`{"ns":"w","pod":"p","uid":"u","c":"app","id":"i","at":5000,"cpu":1,"oom":0}`))
	f.Add([]byte(`{"at":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r Row
		if json.Unmarshal(text, &r) != nil {
			return
		}
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Row
		if err := json.Unmarshal(line, &again); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if back, _ := json.Marshal(again); !bytes.Equal(back, line) {
			t.Fatalf("%s became %s", line, back)
		}
	})
}
