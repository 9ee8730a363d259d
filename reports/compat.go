package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/plimsoll/plimsoll/tuner/compat"
)

// FindingsVersion is the version of the documents that hold findings: that of FindingsJSON, and the field "compat" of
// report.json. Within one version fields are only added.
const FindingsVersion = 1

// Compat is what was found about one workload and the autoscalers, budgets, ranges and quotas around it.
type Compat struct {
	compat.Report
	// Combination of autoscalers that fits the trials; nil where there were none.
	Combination *compat.Combination `json:"combination"`
	// Coexistence is the verdict on the trial beside the autoscalers; nil where none was run.
	Coexistence *compat.Coexistence `json:"coexistence"`
}

// compatField is the field "compat" of report.json.
type compatField struct {
	SchemaVersion int `json:"schema_version"`
	Compat
}

func newCompatField(c *Compat) *compatField {
	if c == nil {
		return nil
	}
	return &compatField{FindingsVersion, *c}
}

// findingsDocument is what FindingsJSON and FindingsYAML write.
type findingsDocument struct {
	SchemaVersion int      `json:"schema_version"`
	Workloads     []Compat `json:"workloads"`
}

// FindingsJSON writes all as JSON: {"schema_version": 1, "workloads": […]}.
func FindingsJSON(w io.Writer, all []Compat) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(findingsDocument{FindingsVersion, all})
}

// FindingsYAML writes the same as YAML.
func FindingsYAML(w io.Writer, all []Compat) error {
	var text bytes.Buffer
	if err := FindingsJSON(&text, all); err != nil {
		return err
	}
	return asYAML(w, text.Bytes())
}

// FindingsNames writes one line for each finding: rule and object, as "R3 horizontalpodautoscaler/web".
func FindingsNames(w io.Writer, all []Compat) error {
	var b strings.Builder
	for _, c := range all {
		for _, f := range c.Findings {
			fmt.Fprintf(&b, "%s %s\n", f.Rule, objectName(f.Object))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func objectName(r compat.Ref) string { return Clean(strings.ToLower(r.Kind) + "/" + r.Name) }

// FindingsText writes findings for a terminal: for each workload a line, then each finding with its reason and what to
// do, then what was not checked. wide makes one line of each finding.
func FindingsText(w io.Writer, all []Compat, wide bool, style Style) error {
	var b strings.Builder
	for i, c := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		if !wide {
			compatText(&b, c, style)
			continue
		}
		compatHead(&b, c, style)
		if err := wideTable(&b, c.Findings); err != nil {
			return err
		}
		compatTail(&b, c, style)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// compatText is one workload: its findings, what was not checked, the autoscalers that fit.
func compatText(b *strings.Builder, c Compat, style Style) {
	compatHead(b, c, style)
	for _, f := range c.Findings {
		findingText(b, f, style)
	}
	compatTail(b, c, style)
}

func compatHead(b *strings.Builder, c Compat, style Style) {
	b.WriteString(style.apply(Strong, Clean(c.Workload.String())) + ": " + tally(c.Report) + "\n")
}

func compatTail(b *strings.Builder, c Compat, style Style) {
	for _, line := range uncheckedLines(c.Report) {
		b.WriteString("  " + style.apply(Faint, line) + "\n")
	}
	combinationText(b, c, style)
}

// tally is "1 error, 2 warnings, 1 info", or that nothing was found.
func tally(r compat.Report) string {
	var parts []string
	for _, s := range []compat.Severity{compat.Error, compat.Warning, compat.Info} {
		n := 0
		for _, f := range r.Findings {
			if f.Severity == s {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, counted(n, string(s)))
		}
	}
	if len(parts) == 0 {
		return "nothing found"
	}
	return strings.Join(parts, ", ")
}

func counted(n int, s string) string {
	if n == 1 || s == string(compat.Info) {
		return fmt.Sprintf("%d %s", n, s)
	}
	return fmt.Sprintf("%d %ss", n, s)
}

func findingText(b *strings.Builder, f compat.Finding, style Style) {
	role := map[compat.Severity]Role{compat.Error: Bad, compat.Warning: Doubt, compat.Info: Faint}[f.Severity]
	fmt.Fprintf(b, "  %s %-3s  %s  %s: %s\n", style.apply(role, fmt.Sprintf("%-7s", f.Severity)), f.Rule, Clean(f.Object.String()), Clean(f.Field), Clean(f.Value))
	fmt.Fprintf(b, "               %s\n", Clean(f.Why))
	fmt.Fprintf(b, "               → %s\n", Clean(f.Fix))
}

func wideTable(b *strings.Builder, all []compat.Finding) error {
	if len(all) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SEVERITY\tRULE\tOBJECT\tFIELD\tVALUE\tWHY\tFIX")
	for _, f := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Severity, f.Rule, Clean(f.Object.String()), Clean(f.Field), Clean(f.Value), Clean(f.Why), Clean(f.Fix))
	}
	return t.Flush()
}

// uncheckedLines says what was not checked, one line for each reason.
func uncheckedLines(r compat.Report) []string {
	var reasons []string
	kinds, rules := map[string][]string{}, map[string][]string{}
	for _, u := range r.Unchecked {
		if !slices.Contains(reasons, u.Why) {
			reasons = append(reasons, u.Why)
		}
		if kind := string(u.Kind); kind != "" && !slices.Contains(kinds[u.Why], kind) {
			kinds[u.Why] = append(kinds[u.Why], kind)
		}
		if !slices.Contains(rules[u.Why], u.Rule) {
			rules[u.Why] = append(rules[u.Why], u.Rule)
		}
	}
	var lines []string
	for _, why := range reasons {
		line := fmt.Sprintf("not wholly checked: %s (", strings.Join(rules[why], ", "))
		if len(kinds[why]) > 0 {
			line += strings.Join(kinds[why], ", ") + ": "
		}
		lines = append(lines, line+Clean(why)+")")
	}
	return lines
}

func combinationText(b *strings.Builder, c Compat, style Style) {
	if k := c.Combination; k != nil {
		fmt.Fprintf(b, "  %s\n", style.apply(Strong, combinationLine(*k)))
		for _, text := range append(combinationNotes(*k), k.Notes...) {
			fmt.Fprintf(b, "    %s\n", Clean(text))
		}
	}
	if x := c.Coexistence; x != nil {
		fmt.Fprintf(b, "  %s\n", style.apply(Strong, "beside its autoscalers: "+string(x.Judgement)))
		for _, check := range x.Checks {
			fmt.Fprintf(b, "    %s: %s: %s\n", check.Name, check.Judgement, Clean(check.Why))
		}
	}
}

// combinationLine is the one line of what autoscalers fit.
func combinationLine(k compat.Combination) string {
	return fmt.Sprintf("one Pod takes %s (%s): an HPA on %s at %s per Pod, %d to %d replicas", rate(k.Limit), Clean(k.From), Clean(k.Metric), significant(k.Target), k.Min, k.Max)
}

// combinationNotes are the replicas of each load, the predictive note and the VPA's recommendations.
func combinationNotes(k compat.Combination) []string {
	var all []string
	for _, n := range k.Replicas {
		all = append(all, fmt.Sprintf("%s load %s: %s", n.Load, rate(n.Hits), counted(n.Replicas, "replica")))
	}
	if k.Predictive != "" {
		all = append(all, k.Predictive)
	}
	for _, c := range k.Compared {
		all = append(all, c.Text)
	}
	return all
}

// MendCommand is the kubectl command that applies a mend saved as file. A name that no object in a cluster can have gives
// an empty text: a command is there to be pasted.
func MendCommand(m compat.Mend, file string) string {
	target := strings.ToLower(m.Object.Kind) + " " + shell(m.Object.Name)
	if m.Object.Namespace != "" {
		target += " -n " + shell(m.Object.Namespace)
	}
	var command string
	switch m.How {
	case compat.StrategicPatch:
		command = "kubectl patch " + target + " --patch-file " + shell(file)
	case compat.MergePatch:
		command = "kubectl patch " + target + " --type merge --patch-file " + shell(file)
	case compat.ServerApply:
		command = "kubectl apply --server-side --force-conflicts -f " + shell(file)
	case compat.Create:
		command = "kubectl create -f " + shell(file)
	case compat.Delete:
		command = "kubectl delete " + target
	}
	if strings.ContainsFunc(command, dangerous) {
		return ""
	}
	return command
}

// FindingsMarkdown writes findings for a merge request: a table for each workload, mends folded.
func FindingsMarkdown(w io.Writer, all []Compat) error {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "## %s: %s\n\n", markdown(c.Workload.String()), tally(c.Report))
		findingsMarkdown(&b, c)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// findingsMarkdown is the part below the headline.
func findingsMarkdown(b *strings.Builder, c Compat) {
	if len(c.Findings) > 0 {
		b.WriteString("| Severity | Rule | Object | Found | Why | What to do |\n|---|---|---|---|---|---|\n")
		for _, f := range c.Findings {
			fmt.Fprintf(b, "| %s | %s | %s | %s: %s | %s | %s |\n", f.Severity, f.Rule, markdown(f.Object.String()), markdown(f.Field), markdown(f.Value), markdown(f.Why), markdown(f.Fix))
		}
		b.WriteString("\n")
	}
	for _, line := range uncheckedLines(c.Report) {
		fmt.Fprintf(b, "- %s\n", markdown(line))
	}
	if k := c.Combination; k != nil {
		fmt.Fprintf(b, "\n**%s**\n\n", markdown(combinationLine(*k)))
		for _, text := range append(combinationNotes(*k), k.Notes...) {
			fmt.Fprintf(b, "- %s\n", markdown(text))
		}
	}
	if x := c.Coexistence; x != nil {
		fmt.Fprintf(b, "\n**Beside its autoscalers: %s**\n\n", x.Judgement)
		for _, check := range x.Checks {
			fmt.Fprintf(b, "- %s: %s: %s\n", check.Name, check.Judgement, markdown(check.Why))
		}
	}
	for i, m := range mendsOf(c) {
		fmt.Fprintf(b, "\n<details><summary>%s</summary>\n\n```yaml\n# %s\n%s```\n\n</details>\n", markdown(m.Label), Clean(m.Command(i)), fenced(m.Mend.YAML))
	}
	b.WriteString("\n")
}

// fenced keeps text from ending the block that it stands in.
func fenced(text string) string { return strings.ReplaceAll(text, "```", "` ` `") }

// labelledMend is one mend to show, with what it is for.
type labelledMend struct {
	Label string
	Mend  compat.Mend
}

// Command is the command that applies it, saved under a name of its own.
func (m labelledMend) Command(i int) string {
	return MendCommand(m.Mend, fmt.Sprintf("mend-%d.yaml", i+1))
}

// mendsOf are all mends of c, each text once, in the order of the findings; then the suggested autoscalers.
func mendsOf(c Compat) []labelledMend {
	var all []labelledMend
	add := func(label string, m *compat.Mend) {
		if m == nil || slices.ContainsFunc(all, func(o labelledMend) bool { return o.Mend == *m }) {
			return
		}
		all = append(all, labelledMend{label, *m})
	}
	for _, f := range c.Findings {
		add(f.Rule+": "+f.Fix, f.Mend)
	}
	if k := c.Combination; k != nil {
		add("an HPA on hits per second", k.OnHits)
		add("an HPA on latency", k.OnLatency)
		add("a VPA that keeps to what was derived", k.VPA)
	}
	return all
}
