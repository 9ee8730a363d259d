package local

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// demoBinary names the environment variable with the path of the demo service, for where there is no Go to build it.
const demoBinary = "PLIMSOLL_DEMO_BIN"

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if role := os.Getenv(roleVariable); role != "" {
			return play(role)
		}
		if os.Getenv(demoBinary) == "" {
			folder, err := os.MkdirTemp("", "plimsoll-demo-")
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			defer os.RemoveAll(folder)
			program := filepath.Join(folder, "demoservice")
			build := exec.Command("go", "build", "-o", program, "github.com/plimsoll/plimsoll/demo")
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "build the demo service: %v\n%s", err, out)
				return 1
			}
			os.Setenv(demoBinary, program)
		}
		return m.Run()
	}())
}

// demo is a workload of one replica of the demo service that starts at once; args are added to its command.
func demo(args ...string) scenarios.File {
	command := append([]string{os.Getenv(demoBinary), "-start-cpu", "0", "-start-wait", "0"}, args...)
	return scenarios.File{Workload: scenarios.Workload{
		Kind: scenarios.Local, Name: "demo", Replicas: 1,
		Containers: []scenarios.Container{{Name: "app", Command: command}},
		Readiness:  scenarios.Probe{HTTPPath: "/healthz", Interval: 20 * time.Millisecond, Timeout: time.Second},
		Startup:    30 * time.Second, StopGrace: 5 * time.Second,
	}}
}

// limits are settings for a container called app; 0 is "no limit".
func limits(cpu scenarios.MilliCPU, memory scenarios.Bytes) tuner.Settings {
	return tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPULimit: cpu, MemoryLimit: memory}}}
}
