package tuner

import (
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

// pod is a guaranteed container.
func pod(cpu scenarios.MilliCPU, memory scenarios.Bytes) Settings {
	return Settings{{"app", scenarios.Resources{CPURequest: cpu, CPULimit: cpu, MemoryRequest: memory, MemoryLimit: memory}}}
}

// The worked values of Save.
func TestSave(t *testing.T) {
	p := scenarios.DefaultPrices()
	s := Save(pod(1000, scenarios.GiB), pod(500, 512*scenarios.MiB), 40, p)
	if *s.Before.CPU != 40000 || *s.After.CPU != 20000 || *s.Before.Memory != 40*scenarios.GiB || *s.After.Memory != 20*scenarios.GiB {
		t.Errorf("%+v", s)
	}
	if *s.Before.Nodes != 14 || *s.After.Nodes != 6 {
		t.Errorf("%d and %d nodes", *s.Before.Nodes, *s.After.Nodes)
	}
	near(t, "month before", *s.Before.Month, 40*17+40*2.5, 1e-9)
	near(t, "month after", *s.After.Month, 20*17+20*2.5, 1e-9)
}

func TestSaveText(t *testing.T) {
	const gib, mib = scenarios.GiB, scenarios.MiB
	usual := scenarios.DefaultPrices()
	euro := scenarios.Prices{Core: 10, GiB: 1, Currency: "EUR"}
	limitOnly := Settings{{"app", scenarios.Resources{CPULimit: 1000, MemoryLimit: gib}}}
	noCPU := Settings{{"app", scenarios.Resources{MemoryLimit: gib}}}
	sidecar := ContainerSettings{Container: "proxy"}
	for _, c := range []struct {
		name          string
		before, after Settings
		replicas      int
		prices        scenarios.Prices
		want          string
	}{
		{"less of both", pod(1000, gib), pod(500, 512*mib), 40, usual,
			"In requests, this saves 20 of 40 cores and 20 of 40 GiB over 40 replicas: $390 a month less than $780; 6 whole nodes instead of 14."},
		{"more of both, no nodes", pod(500, 512*mib), pod(1000, gib), 2, euro,
			"In requests, this needs 2 instead of 1 core and 2 instead of 1 GiB over 2 replicas: 11 EUR a month more than 11 EUR."},
		{"less CPU, more memory", pod(1000, gib), pod(500, 2*gib), 1, euro,
			"In requests, this saves 0.5 of 1 core, needs 2 instead of 1 GiB over 1 replica: 4 EUR a month less than 11 EUR."},
		{"cents", pod(1000, gib), pod(720, 832*mib), 2, usual,
			"In requests, this saves 0.56 of 2 cores and 0.375 of 2 GiB over 2 replicas: $10.46 a month less than $39; the same number of whole nodes, 1."},
		{"no prices at all", pod(1000, gib), pod(500, gib), 2, scenarios.Prices{}, "In requests, this saves 1 of 2 cores over 2 replicas."},
		{"nothing moved", pod(500, gib), pod(500, gib), 2, usual, "In requests, this sets aside as much as before over 2 replicas; the same number of whole nodes, 1."},
		{"a limit counts as the request", limitOnly, pod(500, gib), 2, scenarios.Prices{}, "In requests, this saves 1 of 2 cores over 2 replicas."},
		{"CPU was not set", noCPU, pod(500, 512*mib), 2, usual,
			"In requests, this saves 1 of 2 GiB over 2 replicas. Not compared: no request or limit is set for CPU of app, before or now."},
		{"nothing was set", Settings{{Container: "app"}}, pod(500, gib), 2, usual,
			"Not compared: no request or limit is set for CPU of app, memory of app, before or now."},
		{"a container left alone without settings", append(pod(1000, gib), sidecar), append(pod(500, gib), sidecar), 2, scenarios.Prices{},
			"In requests, this saves 1 of 2 cores over 2 replicas."},
		{"larger than a node", pod(8000, gib), pod(500, gib), 1, scenarios.Prices{NodeCPU: 4000, NodeMemory: 4 * gib, NodePods: 10},
			"In requests, this saves 7.5 of 8 cores over 1 replica."},
	} {
		if got := Save(c.before, c.after, c.replicas, c.prices).Text; got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
	}
}

func TestWhatWasNotSetIsUnknown(t *testing.T) {
	s := Save(Settings{{Container: "app"}}, pod(500, scenarios.GiB), 2, scenarios.DefaultPrices())
	if s.Before != (Reserved{}) || s.After != (Reserved{}) {
		t.Errorf("nothing set before is no saving: %+v", s)
	}
}
