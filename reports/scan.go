package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner/scan"
)

// scanUnknown is what a glance can't know, said in every format, a sentence each.
func scanUnknown() []string {
	return []string{"One reading of usage is no peak: lower nothing on this table alone.",
		"Without a load test it is not known what these workloads need under load, whether they leak, or where they break."}
}

// scanRows is how many workloads a table shows; ScanWide, ScanJSON, ScanYAML and ScanName have all of them.
const scanRows = 20

// scanTable is one ranking as cells; More is how many it leaves out.
type scanTable struct {
	Title string
	grid
	More int
}

// scanTables are the two rankings, of the first workloads in each (all of them for 0); between stands between two dangers.
func scanTables(r scan.Ranking, first int, between string) []scanTable {
	spare := scanTable{Title: "Set aside and not used, over all replicas", grid: grid{Head: []string{"Workload", "Replicas", "CPU", "Memory", "A month"}, Amounts: true}}
	for _, row := range r.BySpare {
		spare.Rows = append(spare.Rows, []string{workloadName(row), fmt.Sprint(row.Replicas),
			orUnknown(row.SpareCPU, func(m scenarios.MilliCPU) string { return spareCores(m) }),
			orUnknown(row.SpareMemory, func(b scenarios.Bytes) string { return spareMemory(b) }),
			orUnknown(row.Month, func(x float64) string { return r.Prices.Currency + " " + fmt.Sprintf("%.2f", x) })})
	}
	danger := scanTable{Title: "In danger", grid: grid{Head: []string{"Workload", "Replicas", "Danger"}}}
	for _, row := range r.ByDanger {
		var texts []string
		for _, d := range row.Dangers {
			texts = append(texts, Clean(d.Text))
		}
		danger.Rows = append(danger.Rows, []string{workloadName(row), fmt.Sprint(row.Replicas), strings.Join(texts, between)})
	}
	all := []scanTable{danger, spare}
	for i := range all {
		if n := len(all[i].Rows); first > 0 && n > first {
			all[i].Rows, all[i].More = all[i].Rows[:first], n-first
		}
	}
	return all
}

// spareCores is CPU over all replicas, which may be 0: "20 cores".
func spareCores(m scenarios.MilliCPU) string {
	return significant(m.Cores()) + " cores"
}

// spareMemory is memory over all replicas, which may be 0: "5 GiB".
func spareMemory(b scenarios.Bytes) string {
	return significant(float64(b)/float64(scenarios.GiB)) + " GiB"
}

func workloadName(r scan.Row) string {
	return Clean(fmt.Sprintf("%s %s/%s", r.Namespace, strings.ToLower(r.Kind), r.Name))
}

// scanHeadline sums up a ranking.
func scanHeadline(r scan.Ranking) string {
	where := "all namespaces"
	if r.Reading.Namespace != "" {
		where = "namespace " + Clean(r.Reading.Namespace)
	}
	return fmt.Sprintf("%d workloads in %s, %d in danger", len(r.BySpare), where, len(r.ByDanger))
}

// ScanNext is what to do next: the workload to begin with and the commands, or that there is none.
func ScanNext(r scan.Ranking) string {
	commands := scanCommands(r)
	if commands == nil {
		return "next: nothing here is a Deployment, StatefulSet or DaemonSet that could be load-tested"
	}
	return "next: " + strings.Join(commands, ", look through it, then: ")
}

// scanCommands are the commands that begin with the workload at the top; nil where none can be load-tested.
func scanCommands(r scan.Ranking) []string {
	for _, row := range append(append([]scan.Row{}, r.ByDanger...), r.BySpare...) {
		kind := strings.ToLower(row.Kind)
		if _, ok := kinds[kind]; ok {
			return []string{fmt.Sprintf("plimsoll init %s -n %s > scenarios.yaml", shell(kind+"/"+Clean(row.Name)), shell(Clean(row.Namespace))),
				"plimsoll tune -f scenarios.yaml"}
		}
	}
	return nil
}

// Scan writes a ranking for a terminal, the first workloads of each table.
func Scan(w io.Writer, r scan.Ranking, style Style) error {
	return scanText(w, r, style, scanRows)
}

// ScanWide writes what Scan does with all workloads.
func ScanWide(w io.Writer, r scan.Ranking, style Style) error {
	return scanText(w, r, style, 0)
}

func scanText(w io.Writer, r scan.Ranking, style Style, first int) error {
	var b strings.Builder
	b.WriteString(style.apply(Strong, scanHeadline(r)) + "\n")
	for _, t := range scanTables(r, first, "\n") {
		if len(t.Rows) == 0 {
			continue
		}
		b.WriteString("\n" + style.apply(Strong, t.Title) + "\n" + terminalTable(t.grid, style) + "\n")
		if t.More > 0 {
			fmt.Fprintf(&b, "and %d more: --output wide\n", t.More)
		}
	}
	b.WriteString("\n")
	for _, u := range r.Reading.Unread {
		b.WriteString(style.apply(Doubt, "not read: ") + Clean(u) + "\n")
	}
	b.WriteString(strings.Join(scanUnknown(), "\n") + "\n" + ScanNext(r) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// ScanJSON writes a ranking as JSON, all of it.
func ScanJSON(w io.Writer, r scan.Ranking) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		scan.Ranking
		Unknown string `json:"not_known"`
		Next    string `json:"next"`
	}{r, strings.Join(scanUnknown(), " "), ScanNext(r)})
}

// ScanYAML writes what ScanJSON does, under the same names, as YAML.
func ScanYAML(w io.Writer, r scan.Ranking) error {
	var b bytes.Buffer
	if err := ScanJSON(&b, r); err != nil {
		return err
	}
	return asYAML(w, b.Bytes())
}

// ScanName writes the workloads by namespace, kind and name, in the order of what they set aside.
func ScanName(w io.Writer, r scan.Ranking) error {
	var b strings.Builder
	for _, row := range r.BySpare {
		b.WriteString(workloadName(row) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ScanMarkdown writes a ranking for a merge request or an issue.
func ScanMarkdown(w io.Writer, r scan.Ranking) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n", markdown(scanHeadline(r)))
	for _, t := range scanTables(r, scanRows, "; ") {
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n| %s |\n|%s\n", t.Title, strings.Join(t.Head, " | "), strings.Repeat("---|", len(t.Head)))
		for _, row := range t.Rows {
			for i := range row {
				row[i] = markdown(row[i])
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
		if t.More > 0 {
			fmt.Fprintf(&b, "\nand %d more\n", t.More)
		}
	}
	for _, u := range r.Reading.Unread {
		fmt.Fprintf(&b, "\n> **Not read:** %s\n", markdown(u))
	}
	fmt.Fprintf(&b, "\n%s\n\n%s\n", strings.Join(scanUnknown(), " "), markdown(ScanNext(r)))
	_, err := io.WriteString(w, b.String())
	return err
}

// ScanHTML writes a ranking as one page that needs no script and no network.
func ScanHTML(w io.Writer, r scan.Ranking) error {
	t, err := template.ParseFS(assets, "page/*.html")
	if err != nil {
		return fmt.Errorf("render the scan: %w", err)
	}
	assets, err := inline()
	if err != nil {
		return fmt.Errorf("render the scan: %w", err)
	}
	return t.ExecuteTemplate(w, "scan.html", struct {
		inlined
		Title, Subtitle, Headline, Tone string
		Unknown                         string
		Commands                        []string
		Tables                          []scanTable
		Unread                          []string
	}{assets, "Scan", r.Reading.At.UTC().Format(dateFormat), scanHeadline(r), scanTone(r), strings.Join(scanUnknown(), " "), scanCommands(r),
		scanTables(r, scanRows, "\n"), r.Reading.Unread})
}

// scanTone of the headline: nothing that a glance sees is proof that all is well.
func scanTone(r scan.Ranking) string {
	if len(r.ByDanger) > 0 {
		return "bad"
	}
	return "doubt"
}
