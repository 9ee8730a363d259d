package reports

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// assets are the template of the page and what is inlined into it.
//
//go:embed page
var assets embed.FS

// HTML writes report.html: one file that opens offline, without any network access. Scripts and styles run only where
// their hash is in the page's Content-Security-Policy; every value from outside is escaped by html/template.
func HTML(w io.Writer, r Run) error {
	t, err := template.ParseFS(assets, "page/*.html")
	if err != nil {
		return fmt.Errorf("render report.html: %w", err)
	}
	p, err := newPage(r)
	if err != nil {
		return fmt.Errorf("render report.html: %w", err)
	}
	if err := t.ExecuteTemplate(w, "report.html", p); err != nil {
		return fmt.Errorf("render report.html: %w", err)
	}
	return nil
}

// inlined are the scripts and styles of the page, in order, and the policy that allows exactly these.
type inlined struct {
	Styles  []template.CSS
	Scripts []template.JS
	Policy  string
	// Licences of what is inlined.
	Licences []string
}

func inline() (inlined, error) {
	var all inlined
	var styles, scripts []string
	for _, name := range []string{"uplot/uPlot.min.css", "report.css"} {
		text, err := asset(name)
		if err != nil {
			return inlined{}, err
		}
		all.Styles = append(all.Styles, template.CSS(text))
		styles = append(styles, hash(text))
	}
	for _, name := range []string{"uplot/uPlot.iife.min.js", "charts.js", "report.js"} {
		text, err := asset(name)
		if err != nil {
			return inlined{}, err
		}
		all.Scripts = append(all.Scripts, template.JS(text))
		scripts = append(scripts, hash(text))
	}
	licence, err := asset("uplot/LICENSE")
	if err != nil {
		return inlined{}, err
	}
	all.Licences = []string{"uPlot 1.6.32\n\n" + licence}
	all.Policy = fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'",
		strings.Join(scripts, " "), strings.Join(styles, " "))
	return all, nil
}

func asset(name string) (string, error) {
	b, err := assets.ReadFile("page/" + name)
	return string(b), err
}

// hash is the source expression of a Content-Security-Policy that allows text.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
