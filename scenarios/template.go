package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// HitNumber is the name that stands for the number of the hit in a template, counted from 0.
const HitNumber = "hit"

// Piece is a part of a template: Text as it is, or, where Column is set, that column's value of the data row. The
// column HitNumber is the number of the hit.
type Piece struct {
	Text   string
	Column string
}

// columnName is what may stand between {{. and }}.
var columnName = regexp.MustCompile(`^\s*\.([A-Za-z_][A-Za-z0-9_]*)\s*$`)

// ParseTemplate splits text into its pieces, in order. The error, about braces that are no {{.column}}, does not quote
// the text, which may be secret.
func ParseTemplate(text string) ([]Piece, error) {
	var pieces []Piece
	for text != "" {
		before, rest, found := strings.Cut(text, "{{")
		if before != "" {
			pieces = append(pieces, Piece{Text: before})
		}
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, "}}")
		m := columnName.FindStringSubmatch(inside)
		if !closed || m == nil {
			return nil, fmt.Errorf("a template has {{ that does not begin {{.column}} or {{.%s}}", HitNumber)
		}
		pieces = append(pieces, Piece{Column: m[1]})
		text = after
	}
	return pieces, nil
}

// checkTemplate is an error where text asks for a column that data has not.
func checkTemplate(text string, data *Data) error {
	pieces, err := ParseTemplate(text)
	if err != nil {
		return err
	}
	var columns []string
	if data != nil {
		columns = data.Columns
	}
	for _, p := range pieces {
		switch {
		case p.Column == "" || p.Column == HitNumber || slices.Contains(columns, p.Column):
		case data == nil:
			return fmt.Errorf("{{.%s}} needs data; this hit has none", p.Column)
		default:
			return fmt.Errorf("{{.%s}} is no column of %s; %s", p.Column, data.File, suggest(p.Column, columns))
		}
	}
	return nil
}
