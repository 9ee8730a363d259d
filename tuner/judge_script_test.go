package tuner

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestJudgeScripts runs testdata/judge: one file for each behaviour. A block is a command, lines of input, "----" and the
// answer, up to an empty line; all else is prose. Each block begins with the passing trial of probeGoal and passing
// and says what is different; the lines are those of scene.line.
//
//	judge      what Judge says: judgement, mode, culprit, and why
//	margins    the same, with every margin
//	doomed     what Doomed says, or "goes on"
func TestJudgeScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/judge/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(data))
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(data) {
				t.Errorf("the answers are not those of %s; with -update they read:\n%s", name, got)
			}
		})
	}
}

// runScript returns the script with the answers that Judge and Doomed give now.
func runScript(t *testing.T, script string) string {
	var out []string
	lines := strings.Split(script, "\n")
	for i := 0; i < len(lines); i++ {
		command := lines[i]
		out = append(out, command)
		if command != "judge" && command != "margins" && command != "doomed" {
			continue
		}
		s := newScene()
		for i++; i < len(lines) && lines[i] != "----"; i++ {
			if err := s.line(lines[i]); err != nil {
				t.Fatalf("line %d: %q: %v", i+1, lines[i], err)
			}
			out = append(out, lines[i])
		}
		for i++; i < len(lines) && lines[i] != ""; i++ { // the old answer
		}
		out = append(out, "----", s.answer(command), "")
	}
	return strings.Join(out, "\n")
}

// scene is one trial of a script.
type scene struct {
	goal Goal
	step Step
	o    Observation
}

func newScene() *scene {
	goal, step := probeGoal()
	return &scene{goal, step, passing()}
}

func (s *scene) answer(command string) string {
	if command == "doomed" {
		why, _ := Doomed(s.goal, s.step, s.o)
		return orElse(why, "goes on")
	}
	v := Judge(s.goal, s.step, s.o)
	text := string(v.Judgement)
	if v.Mode != "" {
		text += " " + string(v.Mode)
	}
	if v.Culprit != nil {
		text += fmt.Sprintf(", culprit %s %s", v.Culprit.Container, v.Culprit.Resource)
	}
	text += "\n" + v.Why
	if command == "margins" {
		for _, m := range v.Margins {
			text += "\n" + marginLine(m)
		}
	}
	return text
}

func marginLine(m Margin) string {
	value, ratio, met := "unknown", "", ""
	if m.Value != nil {
		value, ratio = fmt.Sprintf("%.4g", *m.Value), fmt.Sprintf("ratio %.3g", *m.Ratio)
	}
	if m.AtLeast {
		value = "≥ " + value
	}
	if m.Met != nil {
		met = map[bool]string{true: "met", false: "missed"}[*m.Met]
	}
	return strings.TrimRight(fmt.Sprintf("  %-34s %8s of %-6.4g %-12s %s", m.Name, value, m.Bound, ratio, met), " ")
}

// line changes the scene:
//
//	purpose confirm                   the purpose of the step; whole: it must run whole
//	replicas 2                        a second replica like the first
//	limits app 250m 96Mi              limits under test and in force; - is not set
//	slo p99 < 50ms                    the first such line replaces the SLOs
//	rates 100 200 30s                 a stage of the plan; the first such line replaces the plan
//	trial window=3s complete=no …     fields of the observation
//	load hits=2400 ok=2390 timeout=10 p50=4ms p99=66ms       or: load none
//	use app throttled=110/120 cpu=0.2 memory=60Mi …          or: use app replica=1 …; ? is unknown
//	kill oom app at=4s                what ended, output=… its last line
//	invalid node_disturbed TEXT
//	seconds 20 p50=4ms p99=80ms …     so many seconds like that, offered 200 hits/s
//	memory app 60Mi 80Mi 600          so many seconds in which its working set goes from one to the other
//	slower 5ms 8ms 600                so many seconds in which the median response time does
//	work app 0.24 0.36 600            so many seconds in which its usage does, in cores
func (s *scene) line(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	args := strings.Fields(rest)
	switch word {
	case "purpose":
		s.step.Purpose, s.step.Whole = Purpose(args[0]), len(args) > 1
	case "replicas":
		return s.replicas(rest)
	case "limits":
		return s.limits(args[0], args[1], args[2])
	case "slo":
		slo, err := scenarios.ParseSLO(rest)
		if slos := s.goal.SLOs["probe"]; err == nil && len(slos) > 0 && slos[0].Text == "p99 < 50ms" && len(slos) == 3 {
			s.goal.SLOs["probe"] = nil
		}
		s.goal.SLOs["probe"] = append(s.goal.SLOs["probe"], slo)
		return err
	case "rates":
		return s.rates(args)
	case "trial":
		return s.each(args, s.trialField)
	case "load":
		if rest == "none" {
			s.o.Load = nil
			return nil
		}
		s.o.Load = &Load{Outcomes: map[string]int64{}}
		return s.each(args, s.loadField)
	case "use":
		return s.use(args[0], args[1:])
	case "kill":
		k := Kill{Kind: KillKind(args[0]), Container: args[1]}
		err := s.each(args[2:], func(key, value string) (err error) {
			switch key {
			case "at":
				k.At, err = time.ParseDuration(value)
			case "replica":
				k.Replica, err = strconv.Atoi(value)
			case "code":
				var code int
				code, err = strconv.Atoi(value)
				k.ExitCode = &code
			case "output":
				k.Output = []string{strings.ReplaceAll(value, "_", " ")}
			}
			return err
		})
		s.o.Kills = append(s.o.Kills, k)
		return err
	case "invalid":
		s.o.Invalid = append(s.o.Invalid, Doubt{DoubtKind(args[0]), strings.Join(args[1:], " ")})
	case "seconds":
		return s.seconds(args)
	case "slower":
		return s.slower(args)
	case "work":
		return s.work(args)
	case "memory":
		return s.memory(args)
	default:
		return fmt.Errorf("no such word")
	}
	return nil
}

func (s *scene) each(args []string, set func(key, value string) error) error {
	for _, a := range args {
		key, value, _ := strings.Cut(a, "=")
		if err := set(key, value); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}
