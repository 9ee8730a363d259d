package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// FuzzRead: whatever the bytes are, Read gives either a File that keeps its promises, of a text that the schema accepts
// too, or problems at places that exist.
func FuzzRead(f *testing.F) {
	bad, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(goodFiles(f), bad...) {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	env := Environment{
		LookupEnv: func(name string) (string, bool) { return "value of " + name, name != "UNSET" },
		ReadFile: func(path string) ([]byte, error) {
			if strings.Contains(path, "gone") {
				return nil, errors.New("it is gone")
			}
			return []byte("id,token,sku,name\n1,2,3,4\n"), nil
		},
	}
	compiled := compiledSchema(f)
	f.Fuzz(func(t *testing.T, src []byte) { checkRead(t, compiled, src, env) })
}

// checkRead reads src and tests what holds of every text. It tells whether src was read without a problem.
func checkRead(t *testing.T, compiled *jsonschema.Schema, src []byte, env Environment) bool {
	t.Helper()
	file, err := Read("fuzz.yaml", src, env)
	if err == nil {
		checkInvariants(t, file)
		if err := compiled.Validate(asEditor(t, src)); err != nil {
			t.Errorf("an editor would complain: %v\n%s", err, src)
		}
		return true
	}
	var problems Errors
	if !errors.As(err, &problems) || len(problems) == 0 || file.Version != 0 {
		t.Errorf("%v beside %+v", err, file)
	}
	lines := strings.Split(string(src), "\n")
	for _, p := range problems {
		if p.File == "fuzz.yaml" && len(src) <= maxSize && !exists(lines, p) {
			t.Errorf("no such place: %s", p)
		}
	}
	return false
}

// exists tells whether lines have the place of p; one past an end is a place too.
func exists(lines []string, p Problem) bool {
	switch {
	case p.Line < 1 || p.Column < 1 || p.Text == "" || p.Line > len(lines)+1:
		return false
	case p.Line > len(lines):
		return p.Column == 1
	}
	return p.Column <= utf8.RuneCountInString(lines[p.Line-1])+1
}

func FuzzParseCSV(f *testing.F) {
	f.Add([]byte("id,name\n1,\"a\nb\"\n"))
	f.Add([]byte("\ufeffid\r\n1\r\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		data, problems := parseCSV("data.csv", src)
		checkData(t, data, problems)
	})
}

func FuzzParseJSONLines(f *testing.F) {
	f.Add([]byte("{\"id\": 1, \"name\": \"a\"}\n\n{\"name\": true, \"id\": 2.50}\n"))
	f.Add([]byte("{\"id\": 1} 2"))
	f.Fuzz(func(t *testing.T, src []byte) {
		data, problems := parseJSONLines("data.jsonl", src)
		checkData(t, data, problems)
	})
}

// checkData tests what Data promises, and that problems name a line.
func checkData(t *testing.T, data *Data, problems Errors) {
	t.Helper()
	for _, p := range problems {
		if p.Line < 1 || p.Text == "" {
			t.Errorf("a problem without a place: %+v", p)
		}
	}
	if len(problems) > 0 {
		return
	}
	if len(data.Rows) == 0 {
		t.Error("no rows, and no problem")
	}
	for _, row := range data.Rows {
		if len(row) != len(data.Columns) {
			t.Errorf("%d values for %d columns", len(row), len(data.Columns))
		}
	}
}
