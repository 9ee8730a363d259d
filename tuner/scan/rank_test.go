package scan

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

func container(request, used scenarios.MilliCPU) Container {
	const mib = scenarios.MiB
	return Container{Name: "app", Resources: scenarios.Resources{CPURequest: request, CPULimit: request, MemoryRequest: 256 * mib, MemoryLimit: 256 * mib},
		UsedCPU: new(used), UsedMemory: new(128 * mib)}
}

// The example of the talk: 500m too much in 40 Pods is 20 cores.
func TestSpareIsMultipliedByTheReplicas(t *testing.T) {
	prices := scenarios.Prices{Core: 10, GiB: 1}
	r := Rank(Reading{Workloads: []Workload{
		{Name: "small", Kind: "Deployment", Replicas: 1, Containers: []Container{container(3000, 100)}},
		{Name: "many", Kind: "Deployment", Replicas: 40, Containers: []Container{container(700, 200)}},
	}}, prices)
	top := r.BySpare[0]
	// 20 cores × 10 + 40 × 128Mi = 5 GiB × 1
	if top.Name != "many" || *top.SpareCPU != 20000 || *top.SpareMemory != 5*scenarios.GiB || *top.Month != 205 {
		t.Errorf("%+v", top)
	}
	if len(r.ByDanger) != 0 {
		t.Errorf("in danger: %+v", r.ByDanger)
	}
}

func TestUnknownUsageIsNoSpare(t *testing.T) {
	c := container(1000, 0)
	c.UsedMemory = nil
	r := Rank(Reading{Workloads: []Workload{{Name: "blind", Replicas: 3, Containers: []Container{c}},
		{Name: "busy", Replicas: 1, Containers: []Container{container(100, 400)}}}}, scenarios.DefaultPrices())
	if last := r.BySpare[1]; last.Name != "blind" || last.SpareCPU != nil || last.Month != nil {
		t.Errorf("%+v", last)
	}
	if busy := r.BySpare[0]; *busy.SpareCPU != 0 {
		t.Errorf("usage above the request is spare: %+v", busy)
	}
}

func TestAgo(t *testing.T) {
	read := time.Unix(1700000000, 0)
	for passed, want := range map[time.Duration]string{0: ", 0 min ago", 59 * time.Minute: ", 59 min ago", 90 * time.Minute: ", 2 h ago", 47 * time.Hour: ", 47 h ago", 72 * time.Hour: ", 3 days ago"} {
		if got := ago(new(read.Add(-passed)), read); got != want {
			t.Errorf("%v: %q, want %q", passed, got, want)
		}
	}
	if got := ago(nil, read); got != "" {
		t.Errorf("not known: %q", got)
	}
}

func TestDangers(t *testing.T) {
	read := time.Unix(1700000000, 0)
	edit := func(change func(*Container)) Container {
		c := container(100, 100)
		change(&c)
		return c
	}
	for _, c := range []struct {
		name string
		c    Container
		want []DangerKind
	}{
		{"none", container(100, 100), nil},
		{"killed, when is not known", edit(func(c *Container) { c.OOMKills = 1 }), []DangerKind{OOMKilled}},
		{"killed a week ago", edit(func(c *Container) { c.OOMKills, c.LastOOMKill = 1, new(read.Add(-7*24*time.Hour)) }), []DangerKind{OOMKilled}},
		{"killed longer ago", edit(func(c *Container) { c.OOMKills, c.LastOOMKill = 1, new(read.Add(-7*24*time.Hour-time.Second)) }), nil},
		{"89 % of the limit", edit(func(c *Container) { c.UsedMemory = new(c.MemoryLimit * 89 / 100) }), nil},
		{"91 % of the limit", edit(func(c *Container) { c.UsedMemory = new(c.MemoryLimit * 91 / 100) }), []DangerKind{NearMemoryLimit}},
		{"throttled in 9 %", edit(func(c *Container) { c.Throttled = new(0.09) }), nil},
		{"throttled in 10 %", edit(func(c *Container) { c.Throttled = new(0.1) }), []DangerKind{Throttled}},
		{"nothing set", edit(func(c *Container) { c.Resources = scenarios.Resources{} }), []DangerKind{NoMemoryLimit, NoRequests}},
		{"nothing known", edit(func(c *Container) { c.UsedMemory, c.UsedCPU = nil, nil }), nil},
	} {
		all := dangers(c.c, 1, read)
		if len(all) != len(c.want) {
			t.Errorf("%s: %+v, want %v", c.name, all, c.want)
			continue
		}
		for i := range all {
			if all[i].Kind != c.want[i] {
				t.Errorf("%s: %+v, want %v", c.name, all, c.want)
			}
		}
	}
}

func TestTheWorstComesFirst(t *testing.T) {
	killed, open := container(100, 100), container(100, 100)
	killed.OOMKills = 2
	open.Resources = scenarios.Resources{}
	r := Rank(Reading{Workloads: []Workload{{Name: "open", Replicas: 1, Containers: []Container{open}}, {Name: "killed", Replicas: 1, Containers: []Container{killed}}}},
		scenarios.DefaultPrices())
	if len(r.ByDanger) != 2 || r.ByDanger[0].Name != "killed" {
		t.Errorf("%+v", r.ByDanger)
	}
}
