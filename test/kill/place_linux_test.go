package kill

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload/local"
)

// place is a folder with the programs, the scenario file and the reports of one test. Its programs are found nowhere
// else, so what runs from it is the test's own.
type place string

// newPlace builds plimsoll and the demo service, or copies those that PLIMSOLL_BIN and PLIMSOLL_DEMO_BIN name. It
// skips where no cgroup can be made.
func newPlace(t *testing.T) place {
	t.Helper()
	workload, err := local.New(scenarios.File{}, local.Options{})
	if errors.Is(err, local.ErrNoCgroup) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := workload.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := place(t.TempDir())
	p.program(t, "plimsoll", "PLIMSOLL_BIN", "../../cmd/plimsoll")
	p.program(t, "demoservice", "PLIMSOLL_DEMO_BIN", "../../demo")
	p.copy(t, "testdata/scenarios.yaml", "scenarios.yaml")
	// A start that finds this log clears what was left, refuses to write over the log, and ends.
	if err := os.MkdirAll(filepath.Join(string(p), "occupied"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.copy(t, "testdata/scenarios.yaml", "occupied/run.plimsoll")
	t.Cleanup(func() { p.startAgain(t) })
	return p
}

// program puts a program into the folder: a copy of the one that the variable names, else built from source.
func (p place) program(t *testing.T, name, variable, source string) {
	t.Helper()
	if built := os.Getenv(variable); built != "" {
		p.copy(t, built, name)
		return
	}
	out, err := exec.Command("go", "build", "-o", filepath.Join(string(p), name), source).CombinedOutput()
	if err != nil {
		t.Fatalf("building %s: %v\n%s", source, err, out)
	}
}

func (p place) copy(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(string(p), to), content, 0o755); err != nil {
		t.Fatal(err)
	}
}

func (p place) log() string { return filepath.Join(string(p), "reports", "run.plimsoll") }

// tune is a search in the folder that goes on where the last one was killed.
func (p place) tune(arguments ...string) *exec.Cmd {
	mode := "--resume"
	if _, err := runlog.Open(p.log()); err != nil {
		mode = "--overwrite" // killed before anything was recorded, or not begun
	}
	cmd := exec.Command(filepath.Join(string(p), "plimsoll"),
		append([]string{"tune", "--report-dir", "reports", mode}, arguments...)...)
	cmd.Dir = string(p)
	return cmd
}

// kill starts a search and kills it some time after. killed is false where the search had come to its end by then.
func (p place) kill(t *testing.T, after time.Duration) (pid int, killed bool) {
	t.Helper()
	cmd := p.tune()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	bell := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // fails only where it has ended
	err := cmd.Wait()
	if !bell.Stop() {
		return cmd.Process.Pid, true
	}
	if contents, problem := runlog.Open(p.log()); problem != nil || contents.Result == nil {
		t.Fatalf("the search ended without a result before the kill at %v: %v\n%s", after, err, said.String())
	}
	if err := os.Remove(p.log()); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid, false
}

// startAgain starts plimsoll, which clears what killed runs left. It does not run a trial: its log's place is taken.
func (p place) startAgain(t *testing.T) {
	t.Helper()
	cmd := exec.Command(filepath.Join(string(p), "plimsoll"), "tune", "--report-dir", "occupied")
	cmd.Dir = string(p)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Fatalf("the start after a kill ended with %v, want exit code 2\n%s", err, out)
	}
}

// finish resumes the search until it has so many trials or comes to its end before. What it finds does not matter: on
// a busy machine three trials in a row may be invalid.
func (p place) finish(t *testing.T, trials int) {
	t.Helper()
	out, err := p.tune("--max-trials", strconv.Itoa(trials)).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || (exit.ExitCode() != 1 && exit.ExitCode() != 3)) {
		t.Fatalf("the resumed search ended with %v, want exit code 0, 1 or 3\n%s", err, out)
	}
}

// processes are those that run a program of the folder.
func (p place) processes(t *testing.T) []string {
	t.Helper()
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range programs {
		// A process may end meanwhile, and a zombie has no program.
		if program, err := os.Readlink(link); err == nil && strings.HasPrefix(program, string(p)+"/") {
			found = append(found, fmt.Sprintf("%s (%s)", filepath.Base(filepath.Dir(link)), filepath.Base(program)))
		}
	}
	return found
}

// cgroupsOf are the cgroups that the run with that process ID made, in every hierarchy.
func cgroupsOf(t *testing.T, pid int) []string {
	t.Helper()
	name := fmt.Sprintf("plimsoll-%d-", pid)
	var found []string
	err := filepath.WalkDir("/sys/fs/cgroup", func(dir string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // other tests make and remove cgroups meanwhile
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), name):
			found = append(found, dir)
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
