package scenarios

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxDataProblems of one data file are reported; a wrong separator would give one a line.
const maxDataProblems = 20

// dataValue reads the name of a data file, and the file.
func dataValue(to **Data) value {
	words := "the name of a .csv, .jsonl or .ndjson file"
	return value{
		to:     to,
		words:  words,
		schema: func() schema { return schema{"type": "string", "pattern": `\.(csv|jsonl|ndjson)$`} },
		read: func(r *reader, n node) bool {
			if n.Kind != yaml.ScalarNode {
				return r.problem(n, "%s; %s is needed", describe(n), words)
			}
			parse, ok := map[string]func(string, []byte) (*Data, Errors){".csv": parseCSV, ".jsonl": parseJSONLines, ".ndjson": parseJSONLines}[filepath.Ext(n.Value)]
			if !ok {
				return r.problem(n, "%q is not %s", n.Value, words)
			}
			src, err := r.env.read(n.Value)
			if err != nil {
				return r.problem(n, "%s", err)
			}
			data, problems := parse(r.env.path(n.Value), src)
			r.problems = append(r.problems, problems[:min(len(problems), maxDataProblems)]...)
			if len(problems) > 0 {
				return r.problem(n, "%s can't be used; its first problem is in line %d", n.Value, problems[0].Line)
			}
			*to = data
			return true
		},
	}
}

// checkColumns finds names that templates can't use; a column is called as a variable is. It quotes none of them: where
// the header line is missing, they are data.
func checkColumns(file string, line int, columns []string) Errors {
	var problems Errors
	for i, c := range columns {
		switch {
		case !variableShape.MatchString(c):
			problems = append(problems, Problem{File: file, Line: line, Text: fmt.Sprintf("the name of column %d has more than letters, digits and _ (is the header line missing?)", i+1)})
		case c == hitNumber:
			problems = append(problems, Problem{File: file, Line: line, Text: fmt.Sprintf("column %d is called %q, which stands for the number of the hit", i+1, c)})
		case slices.Contains(columns[:i], c):
			problems = append(problems, Problem{File: file, Line: line, Text: fmt.Sprintf("columns %d and %d have the same name", slices.Index(columns, c)+1, i+1)})
		}
	}
	return problems
}

// parseCSV reads comma-separated rows below a header line (RFC 4180).
func parseCSV(file string, src []byte) (*Data, Errors) {
	var problems Errors
	complain := func(line int, format string, args ...any) {
		problems = append(problems, Problem{File: file, Line: line, Text: fmt.Sprintf(format, args...)})
	}
	if !utf8.Valid(src) {
		complain(1, "not UTF-8 text")
		return nil, problems
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(src, []byte("\ufeff"))))
	in.FieldsPerRecord = -1
	data := &Data{File: file}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			complain(broken.Line, "not CSV: %s", broken.Err)
			break
		}
		line, _ := in.FieldPos(0)
		switch {
		case data.Columns == nil:
			data.Columns = row
			problems = append(problems, checkColumns(file, line, row)...)
		case len(row) != len(data.Columns):
			complain(line, "%d values; the header names %d columns", len(row), len(data.Columns))
		default:
			data.Rows = append(data.Rows, row)
		}
	}
	if len(data.Rows) == 0 && len(problems) == 0 {
		complain(1, "no rows; a header line and at least one row are needed")
	}
	return data, problems
}

// parseJSONLines reads one JSON object a line; every object has the keys of the first, with plain values.
func parseJSONLines(file string, src []byte) (*Data, Errors) {
	var problems Errors
	data := &Data{File: file}
	for i, line := range bytes.Split(bytes.TrimPrefix(src, []byte("\ufeff")), []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		names, values, err := jsonRow(line)
		if err == nil && data.Columns == nil {
			data.Columns = names
			problems = append(problems, checkColumns(file, i+1, names)...)
		}
		var row []string
		if err == nil {
			row, err = inOrder(data.Columns, names, values)
		}
		if err != nil {
			problems = append(problems, Problem{File: file, Line: i + 1, Text: err.Error()})
			continue
		}
		data.Rows = append(data.Rows, row)
	}
	if len(data.Rows) == 0 && len(problems) == 0 {
		problems = append(problems, Problem{File: file, Line: 1, Text: "no rows; at least one JSON object is needed"})
	}
	return data, problems
}

// jsonRow reads one object of plain values: its keys and their texts, in the order written.
func jsonRow(line []byte) (names, values []string, err error) {
	in := json.NewDecoder(bytes.NewReader(line))
	in.UseNumber()
	if token, err := in.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, errors.New("not a JSON object")
	}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("not JSON: %w", err)
		}
		val, err := in.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("not JSON: %w", err)
		}
		name := key.(string) // the decoder accepts nothing else as a key
		if _, nested := val.(json.Delim); nested || val == nil {
			return nil, nil, fmt.Errorf("%q is not a text, number or boolean", name)
		}
		names, values = append(names, name), append(values, fmt.Sprint(val))
	}
	if _, err := in.Token(); err != nil {
		return nil, nil, fmt.Errorf("not JSON: %w", err)
	}
	if in.More() {
		return nil, nil, errors.New("more than one JSON value in the line")
	}
	return names, values, nil
}

// inOrder puts values into the order of columns; names must be the same set.
func inOrder(columns, names, values []string) ([]string, error) {
	row := make([]string, len(columns))
	for i, c := range columns {
		j := slices.Index(names, c)
		if j < 0 {
			return nil, fmt.Errorf("%q is missing, which the first row has", c)
		}
		row[i] = values[j]
	}
	if len(names) != len(columns) {
		return nil, fmt.Errorf("has the keys %s; the first row has %s", strings.Join(names, ", "), strings.Join(columns, ", "))
	}
	return row, nil
}
