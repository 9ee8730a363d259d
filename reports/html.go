package reports

import (
	"html/template"
	"io"
)

// HTML writes report.html: one self-contained file that opens offline.
func HTML(w io.Writer, r Run) error {
	return template.Must(template.New("").Parse(`<!doctype html><title>Plimsoll</title>`)).Execute(w, r)
}
