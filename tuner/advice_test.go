package tuner

import (
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

type variables = map[string]string

func TestAdvise(t *testing.T) {
	for _, x := range []struct {
		name    string
		cpu     scenarios.MilliCPU
		memory  scenarios.Bytes // in MiB
		env     variables
		command []string
		want    string // setting, value and suggestion; "" for no advice
	}{
		{name: "nothing set", cpu: 500, memory: 256},

		{"GOMEMLIMIT above the limit", 500, 256, variables{"GOMEMLIMIT": "1GiB"}, nil, "GOMEMLIMIT 1GiB→230MiB"},
		{"GOMEMLIMIT far below", 500, 256, variables{"GOMEMLIMIT": "64MiB"}, nil, "GOMEMLIMIT 64MiB→230MiB"},
		{"GOMEMLIMIT in order", 500, 256, variables{"GOMEMLIMIT": "230MiB"}, nil, ""},
		{"GOMEMLIMIT off", 500, 256, variables{"GOMEMLIMIT": "off"}, nil, ""},
		{"GOMEMLIMIT too large for a number", 500, 256, variables{"GOMEMLIMIT": "9000000000TiB"}, nil, ""},
		{"nothing collects", 500, 256, variables{"GOGC": "off"}, nil, "GOMEMLIMIT →230MiB"},
		{"GOMEMLIMIT collects", 500, 256, variables{"GOGC": "off", "GOMEMLIMIT": "220MiB"}, nil, ""},
		{"GOMAXPROCS of the node", 500, 256, variables{"GOMAXPROCS": "8"}, nil, "GOMAXPROCS 8→2"},
		{"GOMAXPROCS as Go sets it", 500, 256, variables{"GOMAXPROCS": "2"}, nil, ""},
		{"GOMAXPROCS rounded up", 2500, 256, variables{"GOMAXPROCS": "3"}, nil, ""},
		{"GOMAXPROCS rounded down", 2500, 256, variables{"GOMAXPROCS": "2"}, nil, ""},
		{"GOMAXPROCS too small", 2500, 256, variables{"GOMAXPROCS": "1"}, nil, "GOMAXPROCS 1→3"},
		{"GOMAXPROCS that Go ignores", 500, 256, variables{"GOMAXPROCS": "0"}, nil, ""},

		{"-Xmx", 500, 256, nil, []string{"java", "-Xmx256m", "-jar", "a.jar"}, "-Xmx 256m→-XX:MaxRAMPercentage=75"},
		{"-Xmx in a shell", 500, 256, nil, []string{"sh", "-c", "exec java -Xmx1g -jar a.jar"}, "-Xmx 1g→-XX:MaxRAMPercentage=75"},
		{"-Xmx in a small memory", 500, 128, nil, []string{"java", "-Xmx128m", "-jar", "a.jar"}, "-Xmx 128m→"},
		{"-Xmx small enough", 500, 256, nil, []string{"java", "-Xmx128M"}, ""},
		{"-Xmx of the program, not of java", 500, 256, nil, []string{"java", "-jar", "a.jar", "-Xmx9g"}, ""},
		{"the last -Xmx wins", 500, 256, variables{"JAVA_TOOL_OPTIONS": "-Xmx9g"}, []string{"java", "-Xmx128m", "-jar", "a.jar"}, ""},
		{"_JAVA_OPTIONS wins over all", 500, 256, variables{"_JAVA_OPTIONS": "-Xmx9g"}, []string{"java", "-Xmx128m", "-jar", "a.jar"}, "-Xmx 9g→-XX:MaxRAMPercentage=75"},
		{"a size wins over a share", 500, 256, variables{"JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=95 -Xmx128m"}, nil, ""},
		{"MaxRAMPercentage", 500, 512, variables{"JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=95.0"}, nil, "-XX:MaxRAMPercentage 95.0→75"},
		{"MaxRAMPercentage without effect", 500, 200, variables{"JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=95"}, nil, ""},
		{"MinRAMPercentage", 500, 128, variables{"JAVA_TOOL_OPTIONS": "-XX:MinRAMPercentage=90"}, nil, "-XX:MinRAMPercentage 90→50"},
		{"ActiveProcessorCount", 500, 512, nil, []string{"java", "-XX:ActiveProcessorCount=4", "-jar", "a.jar"}, "-XX:ActiveProcessorCount 4→1"},

		{"node", 500, 256, nil, []string{"node", "--max-old-space-size=512", "a.js"}, "--max-old-space-size 512→192"},
		{"node, underscores, in the environment", 500, 256, variables{"NODE_OPTIONS": "--max_old_space_size=512"}, nil, "--max-old-space-size 512→192"},
		{"node, the command line wins", 500, 256, variables{"NODE_OPTIONS": "--max-old-space-size=512"}, []string{"node", "--max-old-space-size=192"}, ""},

		{"workers", 500, 256, nil, []string{"gunicorn", "-w", "16", "app"}, "-w 16→3"},
		{"workers as the manual says", 500, 256, nil, []string{"/usr/bin/gunicorn", "--workers=3", "app"}, ""},
		{"-w of another program", 500, 256, nil, []string{"bin/proxy", "-w", "100"}, ""},
		{"WEB_CONCURRENCY", 2000, 256, variables{"WEB_CONCURRENCY": "12"}, nil, "WEB_CONCURRENCY 12→5"},
		{"the command line wins", 2000, 256, variables{"WEB_CONCURRENCY": "12"}, []string{"gunicorn", "--workers", "4"}, ""},

		{"without limits nothing contradicts them", 0, 0, variables{"GOMAXPROCS": "8", "GOMEMLIMIT": "1GiB", "WEB_CONCURRENCY": "99"},
			[]string{"java", "-Xmx9g", "--max-old-space-size=9999"}, ""},
	} {
		got := ""
		for _, a := range Advise(pod(x.cpu, x.memory*scenarios.MiB)[0], x.env, x.command) {
			got += a.Setting + " " + a.Now + "→" + a.Suggest
			if a.Container != "app" || a.Why == "" {
				t.Errorf("%s: %+v", x.name, a)
			}
		}
		if got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}
