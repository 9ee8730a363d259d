package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// oddScalars are put in the place of every value of the good files, one at a time.
var oddScalars = []string{
	"0", "00", "1", "-1", "+1", "010", "0x10", "1_000", "1.5", ".5", "1.", "1e3", ".inf", ".nan", "true", "yes", "2024-01-01",
	"1s", ".5s", "1.s", "1h1m", "+1s", "100/s", ".5/s", "50%", "5m", "96Mi", "1.Mi", "96MB", "http", "HTTP://A", "/a b", "soak",
	`""`, `"\u00a0"`, "p99 < 1s", `"p99\t<\t1.0s "`, "errors<.1%", "{}", "[]", "[a]", "{env: UNSET}", "{value: 5}",
}

// share: one in so many of the pairs of value and odd scalar is tried. Each kind of value occurs often enough for every
// odd scalar to meet it; 1 tries all pairs in 10 s.
const share = 4

// TestEveryValueReplaced: whatever stands in the place of one value, Read gives a File that keeps its promises, of a text
// that the schema accepts too, or problems at places that exist.
func TestEveryValueReplaced(t *testing.T) {
	compiled := compiledSchema(t)
	for _, path := range []string{"testdata/good/everything.yaml", "testdata/good/grpc.yaml", "testdata/good/simulated.yaml"} {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var document yaml.Node
		if err := yaml.Unmarshal(src, &document); err != nil {
			t.Fatal(err)
		}
		accepted := 0
		for i, at := range plainScalars(document.Content[0]) {
			for j, odd := range oddScalars {
				if (i+j)%share != 0 {
					continue
				}
				if checkRead(t, compiled, replaced(src, at, odd), replacedEnvironment(path)) {
					accepted++
				}
			}
		}
		t.Logf("%s: %d of the changed texts are read", path, accepted)
	}
}

// replacedEnvironment has what the good files name.
func replacedEnvironment(path string) Environment {
	return Environment{Dir: filepath.Dir(path), LookupEnv: func(name string) (string, bool) { return planted, name != "UNSET" }}
}

// plainScalars are the values below n that stand in the text as they are: no keys, nothing in quotes.
func plainScalars(n *yaml.Node) []*yaml.Node {
	var found []*yaml.Node
	for i, c := range n.Content {
		isKey := n.Kind == yaml.MappingNode && i%2 == 0
		if c.Kind == yaml.ScalarNode && c.Style == 0 && !isKey {
			found = append(found, c)
		}
		found = append(found, plainScalars(c)...)
	}
	return found
}

// replaced is src with other in the place of the scalar at.
func replaced(src []byte, at *yaml.Node, other string) []byte {
	lines := strings.Split(string(src), "\n")
	line := lines[at.Line-1]
	before, after := line[:at.Column-1], line[at.Column-1+len(at.Value):]
	if !strings.HasPrefix(line[at.Column-1:], at.Value) {
		panic(fmt.Sprintf("%q is not in column %d of %q", at.Value, at.Column, line))
	}
	lines[at.Line-1] = before + other + after
	return []byte(strings.Join(lines, "\n"))
}
