package local

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload"
)

func TestBackOff(t *testing.T) {
	want := []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
		30 * time.Second, 30 * time.Second}
	for ends, pause := range want {
		if got := backOff(ends); got != pause {
			t.Errorf("after %d ends: %s, want %s", ends, got, pause)
		}
	}
}

func TestReasonFor(t *testing.T) {
	zero, one := new(int64(0)), new(int64(1))
	for _, test := range []struct {
		name          string
		code          int
		before, after *int64
		liveness      bool
		want          workload.ExitReason
	}{
		{"done", 0, zero, zero, false, workload.Completed},
		{"failed", 3, zero, zero, false, workload.ExitedError},
		{"killed, and counted", 137, zero, one, false, workload.OOMKilled},
		{"killed by someone", 137, one, one, false, workload.ExitedError},
		{"killed, counter unknown", 137, nil, one, false, workload.ExitedError},
		{"killed, counter lost", 137, zero, nil, false, workload.ExitedError},
		{"failed after its child was killed", 1, zero, one, false, workload.ExitedError},
		{"liveness", 137, zero, zero, true, workload.LivenessKill},
	} {
		if got := reasonFor(test.code, test.before, test.after, test.liveness); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestOutputKeepsTheLastLines(t *testing.T) {
	out := &output{secrets: []string{"hunter22"}}
	out.readFrom(strings.NewReader(strings.Repeat("line\n", 50) + "hunter22 \xff\r\n" + strings.Repeat("é", 50_000) + "\nno newline"))
	got := out.last()
	if len(got) != keptLines {
		t.Fatalf("%d lines, want %d", len(got), keptLines)
	}
	tail := got[keptLines-3:]
	if tail[0] != "(secret) �" || tail[2] != "no newline" {
		t.Errorf("last lines %q", tail)
	}
	if want := strings.Repeat("é", keptBytes/2) + "…"; tail[1] != want {
		t.Errorf("the long line is %d bytes, want %d", len(tail[1]), len(want))
	}
}

// A secret of several lines is kept out of each of them.
func TestOutputHidesSecretsOfSeveralLines(t *testing.T) {
	out := &output{secrets: lineSecrets([]string{"-----KEY-----\nMIIEpAIB\n}\n"})}
	out.readFrom(strings.NewReader("read MIIEpAIB\nend }\n"))
	if got := out.last(); got[0] != "read (secret)" || got[1] != "end }" {
		t.Errorf("%q", got)
	}
}

func TestCommandReplacesPlaceholders(t *testing.T) {
	c := scenarios.Container{Name: "app", Command: []string{"/bin/app", "-listen=:${PORT}", "${MODE}x", "$PORT"},
		Env: []scenarios.Variable{{Name: "MODE", Value: scenarios.NewSecret("fast")}}}
	cmd, err := command(c, 8080)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cmd.Args, " "); got != "/bin/app -listen=:8080 fastx $PORT" {
		t.Errorf("command %q", got)
	}
	if port, _ := lookup(cmd.Env, "PORT"); port != "8080" {
		t.Errorf("PORT=%q in the environment", port)
	}
	c.Command = []string{"/bin/app", "${NOT_SET_ANYWHERE}"}
	if _, err := command(c, 8080); err == nil || !strings.Contains(err.Error(), "${NOT_SET_ANYWHERE} is not set") {
		t.Errorf("error %v, want one that names the placeholder", err)
	}
}
