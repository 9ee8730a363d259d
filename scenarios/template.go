package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// hitNumber is the name that stands for the number of the hit in a template.
const hitNumber = "hit"

// action is what templates know: {{.column}}, {{.hit}}, and {{"{{"}} for two braces.
var action = regexp.MustCompile(`\{\{[ \t]*(?:"\{\{"|\.([A-Za-z_][A-Za-z0-9_]*))[ \t]*\}\}`)

// templateColumns are the columns that text asks for, without the number of the hit. The error, about braces that are
// no action, does not quote the text, which may be secret.
func templateColumns(text string) ([]string, error) {
	// An action begins at the first two braces: a third one is within it.
	if strings.Contains(text, "{{{") || strings.Contains(action.ReplaceAllLiteralString(text, " "), "{{") {
		return nil, fmt.Errorf(`a template has {{ that begins neither {{.column}} nor {{.%s}}; {{"{{"}} stands for two braces`, hitNumber)
	}
	var columns []string
	for _, m := range action.FindAllStringSubmatch(text, -1) {
		if c := m[1]; c != "" && c != hitNumber && !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	return columns, nil
}

// literals are the texts between the actions of a template.
func literals(text string) []string { return action.Split(text, -1) }

// checkTemplate is an error where text asks for a column that data has not.
func checkTemplate(text string, data *Data) error {
	columns, err := templateColumns(text)
	if err != nil {
		return err
	}
	for _, c := range columns {
		switch {
		case data == nil:
			return fmt.Errorf("{{.%s}} needs data; this hit has none", c)
		case !slices.Contains(data.Columns, c):
			return fmt.Errorf("{{.%s}} is no column of %s; %s", c, data.File, suggest(c, data.Columns))
		}
	}
	return nil
}
