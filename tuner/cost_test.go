package tuner

import (
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

func pod(cpu scenarios.MilliCPU, memory scenarios.Bytes) Settings {
	return Settings{{"app", scenarios.Resources{CPURequest: cpu, CPULimit: cpu, MemoryRequest: memory, MemoryLimit: memory}}}
}

// The worked values of Save.
func TestSave(t *testing.T) {
	s := Save(pod(1000, 1<<30), pod(500, 512<<20), 40, DefaultPrices())
	if s.CPU != 20000 || s.Memory != 20*scenarios.GiB || s.NodesBefore != 14 || s.NodesAfter != 6 {
		t.Errorf("%+v", s)
	}
	near(t, "month", s.Month, 20*17+20*2.3, 1e-9)
	if want := "20 fewer cores and 20 fewer GiB set aside over 40 replicas than now: $386 a month less; in whole nodes 14 now, 6 then"; s.Text != want {
		t.Errorf("%s", s.Text)
	}
}

func TestSaveSaysWhenMoreIsNeeded(t *testing.T) {
	s := Save(pod(500, 512<<20), pod(1000, 1<<30), 2, Prices{CoreMonth: 10, GiBMonth: 1, Currency: "€"})
	if want := "1 more cores and 1 more GiB set aside over 2 replicas than now: €11 a month more"; s.Text != want {
		t.Errorf("%s", s.Text)
	}
}

func TestSaveUnknown(t *testing.T) {
	if s := Save(pod(0, 0), pod(500, 512<<20), 2, DefaultPrices()); s.Known || s.Month != 0 {
		t.Errorf("nothing set before is no saving: %+v", s)
	}
}

func TestAdvise(t *testing.T) {
	c := pod(500, 256<<20)[0]
	for _, x := range []struct {
		name string
		env  map[string]string
		args []string
		want string // setting and suggestion, "" for no advice
	}{
		{name: "nothing set"},
		{"GOMEMLIMIT above the limit", map[string]string{"GOMEMLIMIT": "1GiB"}, nil, "GOMEMLIMIT=230MiB"},
		{"GOMEMLIMIT at odds the other way", map[string]string{"GOMEMLIMIT": "64MiB"}, nil, "GOMEMLIMIT=230MiB"},
		{"GOMEMLIMIT in order", map[string]string{"GOMEMLIMIT": "230MiB"}, nil, ""},
		{"GOMEMLIMIT off", map[string]string{"GOMEMLIMIT": "off"}, nil, ""},
		{"GOMAXPROCS", map[string]string{"GOMAXPROCS": "8"}, nil, "GOMAXPROCS=1"},
		{"-Xmx", nil, []string{"java", "-Xmx256m", "-jar", "a.jar"}, "-Xmx=-XX:MaxRAMPercentage=75"},
		{"-Xmx small enough", nil, []string{"java", "-Xmx128M"}, ""},
		{"JAVA_TOOL_OPTIONS", map[string]string{"JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=95"}, nil, "-XX:MaxRAMPercentage=75"},
		{"node", nil, []string{"node", "--max-old-space-size=512", "a.js"}, "--max-old-space-size=192"},
		{"node, two words", map[string]string{"NODE_OPTIONS": "--max-old-space-size 512"}, nil, "--max-old-space-size=192"},
		{"workers", nil, []string{"gunicorn", "-w", "16", "app"}, "-w=1"},
		{"few workers", nil, []string{"gunicorn", "--workers=3", "app"}, ""},
	} {
		got := ""
		for _, a := range Advise(c, x.env, x.args) {
			got += a.Setting + "=" + a.Suggest
		}
		if got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
	if got := Advise(ContainerSettings{Container: "app"}, map[string]string{"GOMAXPROCS": "8", "GOMEMLIMIT": "1GiB"}, []string{"-Xmx9g"}); got != nil {
		t.Errorf("without limits nothing contradicts them: %v", got)
	}
}
