package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// stage is a directory with the program on the PATH and a simulated workload, in which the commands of a CI template run.
type stage struct {
	dir string
	env []string
}

func newStage(t *testing.T) stage {
	t.Helper()
	s := stage{dir: t.TempDir()}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(s.dir, "bin", "plimsoll"), "../../cmd/plimsoll").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	text, err := os.ReadFile("../../cmd/plimsoll/testdata/simulated.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "scenarios.yaml", string(text))
	s.env = []string{"PATH=" + filepath.Join(s.dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + s.dir}
	return s
}

func (s stage) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs a script under a shell as CI does, stopping at the first error.
func (s stage) run(t *testing.T, shell, script string, env ...string) (int, string) {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skipf("needs %s: %v", shell, err)
	}
	cmd := exec.Command(shell, "-e", "-c", script)
	cmd.Dir, cmd.Env = s.dir, append(append([]string{}, s.env...), env...)
	return finish(t, cmd)
}

// promote makes the report of the last run the baseline of the next, as docs/ci.md says.
func (s stage) promote(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "plimsoll-report", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "plimsoll-baseline.json", string(text))
}

// slower makes the simulated service take 30 % more CPU per hit.
func (s stage) slower(t *testing.T) {
	t.Helper()
	path := filepath.Join(s.dir, "scenarios.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "scenarios.yaml", strings.Replace(string(text), "cpu_per_hit: 1.3ms", "cpu_per_hit: 1.7ms", 1))
}

// made fails where one of the files was not written.
func (s stage) made(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(s.dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
}

// decode reads a YAML file of the repository.
func decode(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// pinned is an action at a commit: a tag can be moved.
var pinned = regexp.MustCompile(`^[^@]+@[0-9a-f]{40}$`)

// The commands of the GitHub Action: a run without a baseline, one against it, one of a service that got worse.
func TestGitHubAction(t *testing.T) {
	var action struct {
		Inputs map[string]struct{ Default string }
		Runs   struct {
			Steps []struct {
				Name, Run, Uses string
				Env             map[string]string
			}
		}
	}
	decode(t, "../../ci/github/action.yml", &action)
	s := newStage(t)
	steps := func() (code int, printed string) {
		for _, step := range action.Runs.Steps {
			env := []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + filepath.Join(s.dir, "summary.md"), "GITHUB_PATH=" + filepath.Join(s.dir, "path")}
			for name, value := range step.Env {
				input := strings.TrimSuffix(strings.TrimPrefix(value, "${{ inputs."), " }}")
				if _, ok := action.Inputs[input]; !ok {
					t.Fatalf("step %q: %q is no input", step.Name, value)
				}
				env = append(env, name+"="+action.Inputs[input].Default)
			}
			if step.Run == "" {
				if !pinned.MatchString(step.Uses) {
					t.Errorf("step %q uses %q, which is not pinned by a commit", step.Name, step.Uses)
				}
				continue
			}
			if strings.Contains(step.Run, "${{") {
				t.Errorf("step %q pastes an expression into a script", step.Name)
			}
			if code, printed = s.run(t, "bash", step.Run, env...); code != 0 {
				break
			}
		}
		return code, printed
	}
	code, printed := steps()
	if code != 0 {
		t.Fatalf("without a baseline: exit code %d\n%s", code, printed)
	}
	contains(t, printed, "no baseline was compared with", "::warning ")
	s.made(t, "summary.md", "plimsoll-report/report.html", "plimsoll-report/junit.xml")
	s.promote(t)
	if code, printed := steps(); code != 0 {
		t.Errorf("unchanged: exit code %d\n%s", code, printed)
	}
	s.slower(t)
	if code, printed := steps(); code != 1 || !strings.Contains(printed, "::error file=scenarios.yaml,") {
		t.Errorf("worse: exit code %d\n%s", code, printed)
	}
}

// The same for the GitLab template, in the shell that GitLab runs.
func TestGitLabTemplate(t *testing.T) {
	var template map[string]struct {
		Variables map[string]string
		Before    []string `yaml:"before_script"`
		Script    []string
		Artifacts struct{ Reports map[string]string }
	}
	decode(t, "../../ci/gitlab/plimsoll.gitlab-ci.yml", &template)
	job, ok := template[".plimsoll-check"]
	if !ok {
		t.Fatal("no job .plimsoll-check")
	}
	env := []string{"CI_JOB_URL=https://gitlab.example/group/project/-/jobs/7"}
	for name, value := range job.Variables {
		env = append(env, name+"="+value)
	}
	script := strings.Join(append(job.Before, job.Script...), "\n")
	s := newStage(t)
	if code, printed := s.run(t, "sh", script, env...); code != 0 {
		t.Fatalf("without a baseline: exit code %d\n%s", code, printed)
	}
	for _, file := range job.Artifacts.Reports {
		s.made(t, file)
	}
	if len(job.Artifacts.Reports) != 4 {
		t.Errorf("%d kinds of report, want junit, metrics, load_performance and annotations", len(job.Artifacts.Reports))
	}
	s.promote(t)
	s.slower(t)
	if code, printed := s.run(t, "sh", script, env...); code != 1 {
		t.Errorf("worse: exit code %d\n%s", code, printed)
	}
}
