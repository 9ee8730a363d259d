package reports

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/scan"
)

// scanUnknown is what a glance can't know, said in every format.
const scanUnknown = "One reading of usage is no peak. Without a load test it is not known what these workloads need under load, whether they leak, or where they break: lower nothing on this table alone."

// scanRows is how many workloads a table shows; JSON has all of them.
const scanRows = 20

// scanTable is one ranking as cells; More is how many it leaves out.
type scanTable struct {
	Title string
	grid
	More int
}

// scanTables are the two rankings.
func scanTables(r scan.Ranking) []scanTable {
	spare := scanTable{Title: "Set aside and not used, over all replicas", grid: grid{Head: []string{"Workload", "Replicas", "CPU", "Memory", "A month"}}}
	for _, row := range r.BySpare {
		spare.Rows = append(spare.Rows, []string{workloadName(row), fmt.Sprint(row.Replicas),
			orUnknown(row.SpareCPU, func(m scenarios.MilliCPU) string { return amountOrZero(tuner.CPU, int64(m)) }),
			orUnknown(row.SpareMemory, func(b scenarios.Bytes) string { return amountOrZero(tuner.Memory, int64(b)) }),
			orUnknown(row.Month, func(x float64) string { return r.Prices.Currency + " " + fmt.Sprintf("%.2f", x) })})
	}
	danger := scanTable{Title: "In danger", grid: grid{Head: []string{"Workload", "Replicas", "Danger"}}}
	for _, row := range r.ByDanger {
		var texts []string
		for _, d := range row.Dangers {
			texts = append(texts, Clean(d.Text))
		}
		danger.Rows = append(danger.Rows, []string{workloadName(row), fmt.Sprint(row.Replicas), strings.Join(texts, "; ")})
	}
	all := []scanTable{danger, spare}
	for i := range all {
		if n := len(all[i].Rows); n > scanRows {
			all[i].Rows, all[i].More = all[i].Rows[:scanRows], n-scanRows
		}
	}
	return all
}

// amountOrZero is a measured amount, which may be 0.
func amountOrZero(r tuner.Resource, value int64) string {
	if value == 0 {
		return "0"
	}
	return about(r, value)
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

// ScanNext is what to do next: the workload to begin with and the command, or that there is none.
func ScanNext(r scan.Ranking) string {
	rows := append(append([]scan.Row{}, r.ByDanger...), r.BySpare...)
	for _, row := range rows {
		kind := strings.ToLower(row.Kind)
		if _, ok := kinds[kind]; ok {
			return fmt.Sprintf("next: load-test %s: write a scenario file with workload: {kind: kubernetes, object: %s/%s, namespace: %s}, then: plimsoll tune -f scenarios.yaml",
				workloadName(row), kind, Clean(row.Name), Clean(row.Namespace))
		}
	}
	return "next: nothing here is a Deployment, StatefulSet or DaemonSet that could be load-tested"
}

// Scan writes a ranking for a terminal.
func Scan(w io.Writer, r scan.Ranking, style Style) error {
	var b strings.Builder
	b.WriteString(style.apply(Strong, scanHeadline(r)) + "\n")
	for _, t := range scanTables(r) {
		if len(t.Rows) == 0 {
			continue
		}
		b.WriteString("\n" + style.apply(Faint, strings.ToUpper(t.Title)) + "\n" + plainTable(t.grid) + "\n")
		if t.More > 0 {
			fmt.Fprintf(&b, "and %d more, in --output json\n", t.More)
		}
	}
	for _, u := range r.Reading.Unread {
		b.WriteString(style.apply(Doubt, "not read: ") + Clean(u) + "\n")
	}
	b.WriteString("\n" + scanUnknown + "\n" + ScanNext(r) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// plainTable is a table for a terminal, its first column to the left.
func plainTable(g grid) string {
	t := table.New().Border(lipgloss.HiddenBorder()).BorderTop(false).BorderBottom(false).BorderLeft(false).
		BorderRight(false).BorderHeader(false).Wrap(false).StyleFunc(func(int, int) lipgloss.Style { return lipgloss.NewStyle().PaddingRight(1) })
	return trimRight(t.Headers(g.Head...).Rows(g.Rows...).Render())
}

// ScanJSON writes a ranking as JSON, all of it.
func ScanJSON(w io.Writer, r scan.Ranking) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		scan.Ranking
		Unknown string `json:"not_known"`
		Next    string `json:"next"`
	}{r, scanUnknown, ScanNext(r)})
}

// ScanMarkdown writes a ranking for a merge request or an issue.
func ScanMarkdown(w io.Writer, r scan.Ranking) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n", markdown(scanHeadline(r)))
	for _, t := range scanTables(r) {
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
	fmt.Fprintf(&b, "\n%s\n\n%s\n", scanUnknown, markdown(ScanNext(r)))
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
		Headline, Unknown, Next string
		Tables                  []scanTable
		Unread                  []string
	}{assets, scanHeadline(r), scanUnknown, ScanNext(r), scanTables(r), r.Reading.Unread})
}
