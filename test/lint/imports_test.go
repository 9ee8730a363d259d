package lint

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// house is what each package may import of ours; a folder inside it may import the same unless it has a row of its own,
// and the packages it lies in. It is the drawing of the house in CONTRIBUTING.md: imports point down and siblings do
// not import each other.
var house = map[string][]string{
	"packed":         {},
	"scenarios":      {},
	"tuner":          {"scenarios"},
	"observer":       {"scenarios", "tuner"},
	"loadgen":        {"packed", "scenarios"},
	"runlog":         {"packed", "scenarios", "tuner"},
	"observer/kube":  {"scenarios", "tuner"},
	"tuner/compat":   {"scenarios"},
	"tuner/scan":     {"scenarios"},
	"cluster":        {"packed", "scenarios", "tuner", "tuner/compat", "tuner/scan", "observer", "loadgen", "loadgen/wire"},
	"workload":       {"scenarios", "tuner", "observer"},
	"workload/local": {"scenarios", "tuner", "observer", "observer/cgroup"},
	"workload/kube":  {"scenarios", "tuner", "observer", "observer/kube", "cluster"},
	"sim":            {"scenarios", "tuner"},
	"trial":          {"scenarios", "tuner", "tuner/compat", "observer", "loadgen", "workload"},
	"reports":        {"scenarios", "tuner", "tuner/compat", "tuner/scan"},
	"demo":           {},
}

// everything may be imported by the command, by whole runs in test/ and by comparisons in bench/; nobody imports those.
var everything = []string{"cmd", "test", "bench"}

// pure packages decide and render: they reach for no file, no network, no clock and no chance.
var pure = map[string][]string{
	"tuner":   {"context"}, // for the loop in run.go, which waits for a Runner
	"reports": {},
}

// impure are the doors of the standard library to the world.
var impure = []string{"context", "os", "net", "log", "math/rand", "syscall", "os/exec", "net/http", "crypto/rand"}

// room is the first part of a folder's name that the house knows; "" for the root.
func room(dir string) string { top, _, _ := strings.Cut(dir, "/"); return strings.TrimPrefix(top, ".") }

func TestImportsPointDown(t *testing.T) {
	for _, f := range sources(t) {
		here := room(f.dir)
		if f.test || slices.Contains(everything, here) {
			continue
		}
		below, known := house[f.dir]
		if !known {
			below, known = house[here]
		}
		if !known {
			t.Errorf("%s: the house has no %q; draw it in CONTRIBUTING.md and in test/lint/imports_test.go", f.path, f.dir)
			continue
		}
		ours, others := f.imports()
		for _, name := range ours {
			if !slices.Contains(below, name) && !inside(f.dir, name) {
				t.Errorf("%s imports %s: %s may import %v", f.path, name, f.dir, below)
			}
		}
		if here == "tuner" {
			for _, name := range others {
				if strings.Contains(name, ".") {
					t.Errorf("%s imports %s: the tuner needs only the standard library", f.path, name)
				}
			}
		}
	}
}

// inside is true where imported is a folder that dir lies in: workload/local may import workload, its sibling
// workload/kube not.
func inside(dir, imported string) bool { return strings.HasPrefix(dir, imported+"/") }

func TestPureStaysPure(t *testing.T) {
	for _, f := range sources(t) {
		allowed, isPure := pure[room(f.dir)]
		if f.test || !isPure {
			continue
		}
		_, others := f.imports()
		for _, name := range others {
			if slices.Contains(impure, strings.TrimSuffix(name, "/v2")) && !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s: %s is pure", f.path, name, room(f.dir))
			}
		}
		for _, call := range []string{"Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker"} {
			for _, where := range uses(f, "time", call) {
				t.Errorf("%s: time.%s in %s, which is pure: time arrives in the data", where, call, room(f.dir))
			}
		}
	}
}

// patient files may sleep, each for its reason.
var patient = map[string]string{
	"workload/local/tree_linux.go": "waits for a lock that others hold for microseconds, and not for ever",
}

// A wait that no one can end makes a program deaf: outside the demo service, which plays a slow one, and programs that
// nobody imports.
func TestNoBareSleep(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || room(f.dir) == "demo" || room(f.dir) == "test" || room(f.dir) == "bench" || patient[f.path] != "" {
			continue
		}
		for _, where := range uses(f, "time", "Sleep") {
			t.Errorf("%s: time.Sleep can't be interrupted; wait for a context too", where)
		}
	}
}

// uses are the places where f names something of an imported package.
func uses(f file, pkg, name string) []string {
	var found []string
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == name {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == pkg {
				found = append(found, f.at(sel.Pos()))
			}
		}
		return true
	})
	return found
}
