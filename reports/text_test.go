package reports

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll/plimsoll/tuner"
)

var update = flag.Bool("update", false, "rewrite the golden files of reports/testdata and reports/schema.json")

// golden compares got with the file testdata/name, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

// render is what a renderer writes of r.
func render(t testing.TB, renderer func(io.Writer, Run) error, r Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := renderer(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// screen is the end table and the list of trials.
func screen(w io.Writer, r Run) error {
	if err := Text(w, r, nil); err != nil {
		return err
	}
	return Trials(w, r, nil)
}

func TestTextNeverActsOnTheTerminal(t *testing.T) {
	for _, r := range string(render(t, screen, hostileRun())) + string(render(t, screen, hostileCheck())) {
		if r != '\n' && dangerous(r) {
			t.Fatalf("%U reached the terminal", r)
		}
	}
}

func TestStyleMovesNoColumn(t *testing.T) {
	style := func(role Role, text string) string { return fmt.Sprintf("\x1b[3%dm%s\x1b[0m", role+1, text) }
	styled := render(t, func(w io.Writer, r Run) error {
		return errors.Join(Text(w, r, style), Trials(w, r, style))
	}, fixtureRun())
	if diff := cmp.Diff(string(render(t, screen, fixtureRun())), ansi.Strip(string(styled))); diff != "" {
		t.Errorf("styled text differs by more than its style:\n%s", diff)
	}
}

func TestUnconfirmedLimitsAreSaidToBe(t *testing.T) {
	r := fixtureRun()
	r.Result.Result.Outcome, r.Result.Result.Verified = tuner.BudgetSpent, false
	for name, format := range map[string]func(io.Writer, Run) error{"text": screen, "html": HTML, "json": JSON, "markdown": Markdown} {
		if !strings.Contains(string(render(t, format, r)), unconfirmed) {
			t.Errorf("%s does not say that the limits are %s", name, unconfirmed)
		}
	}
}

func TestText(t *testing.T) {
	for name, r := range fixtures() {
		t.Run(name, func(t *testing.T) { golden(t, name+".txt", render(t, screen, r)) })
	}
}
