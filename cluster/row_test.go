package cluster

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func rowsOf(t testing.TB, contents ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := NewRowWriter(&out)
	for _, c := range contents {
		if err := w.Write([]byte(c)); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestRowsComeBack(t *testing.T) {
	contents := []string{"", "a", "\x00\xff\n", strings.Repeat("long ", 3000)}
	for i, line := range strings.Split(strings.TrimSpace(rowsOf(t, contents...)), "\n") {
		r, isRow, err := parseRow(line)
		if err != nil || !isRow || r.number != int64(i) || string(r.content) != contents[i] {
			t.Errorf("row %d came back as %d %q (%v, %v)", i, r.number, r.content, isRow, err)
		}
	}
}

func TestDamagedRowsAreTold(t *testing.T) {
	whole := strings.TrimSpace(rowsOf(t, "hello"))
	for name, line := range map[string]string{
		"cut":           whole[:len(whole)-2],
		"another digit": strings.Replace(whole, " 0 ", " 1 ", 1),
		"no number":     strings.Replace(whole, " 0 ", " x ", 1),
		"below 0":       strings.Replace(whole, " 0 ", " -1 ", 1),
		"more":          whole + " more",
		"nothing":       rowMark + " ",
	} {
		if r, isRow, err := parseRow(line); !isRow || err == nil {
			t.Errorf("%s: taken for row %d (%v, %v)", name, r.number, isRow, err)
		}
	}
	for _, line := range []string{"", "panic: no", "plimsoll-rowing 0"} {
		if _, isRow, err := parseRow(line); isRow || err != nil {
			t.Errorf("%q is taken for a row (%v)", line, err)
		}
	}
}

func FuzzParseRow(f *testing.F) {
	f.Add(strings.TrimSpace(rowsOf(f, "hello")))
	f.Fuzz(func(t *testing.T, line string) {
		r, isRow, err := parseRow(line)
		if !isRow || err != nil {
			return
		}
		w := &RowWriter{next: r.number, out: &bytes.Buffer{}}
		if err := w.Write(r.content); err != nil {
			t.Fatal(err)
		}
		again, _, err := parseRow(strings.TrimSuffix(fmt.Sprint(w.out), "\n"))
		if err != nil || again.number != r.number || !bytes.Equal(again.content, r.content) {
			t.Errorf("%q read as %d %q, written and read again as %d %q (%v)", line, r.number, r.content, again.number, again.content, err)
		}
	})
}
