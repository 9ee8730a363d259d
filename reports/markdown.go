package reports

import (
	"fmt"
	"io"
	"strings"
)

// markdownTrials is how many trials a Markdown summary lists: a step summary may have 1 MiB, a comment 64 KiB.
const markdownTrials = 40

// Markdown writes a short summary for a step summary or a merge request: the headline, the table, the trials folded.
func Markdown(w io.Writer, r Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", markdown(headline(r)))
	if r.Simulated {
		fmt.Fprintf(&b, "> **%s**\n\n", simulatedText)
	}
	if r.Check != nil {
		checkMarkdown(&b, *r.Check)
		if text := measuredFrom(r); text != "" {
			fmt.Fprintf(&b, "\n%s\n", markdown(text))
		}
		markdownList(&b, r)
		_, err := io.WriteString(w, b.String())
		return err
	}
	if result, ok := r.ended(); ok && result.Why != "" {
		fmt.Fprintf(&b, "%s\n\n", markdown(result.Why))
	}
	b.WriteString("| Container | Setting | Before | Derived | Change | Evidence | Failed just below |\n|---|---|--:|--:|--:|---|---|\n")
	for _, a := range Answers(r) {
		fmt.Fprintf(&b, "| %s | %s | %s | **%s** | %s | %s | %s |\n", markdown(a.Container), a.name(), a.before(), a.derived(),
			a.change(), a.evidence(), markdown(a.below()))
	}
	if text := saved(r); text != "" {
		fmt.Fprintf(&b, "\n%s\n", markdown(text))
	}
	if all := advices(r); len(all) > 0 {
		b.WriteString("\n")
		for _, text := range all {
			fmt.Fprintf(&b, "- %s\n", markdown(text))
		}
	}
	if r.Compat != nil {
		fmt.Fprintf(&b, "\n### Autoscalers, budgets and quotas: %s\n\n", tally(r.Compat.Report))
		findingsMarkdown(&b, *r.Compat)
	}
	if text := measuredFrom(r); text != "" {
		fmt.Fprintf(&b, "\n%s\n", markdown(text))
	}
	for _, warning := range warnings(r) {
		fmt.Fprintf(&b, "\n> **Warning:** %s\n", markdown(warning))
	}
	markdownList(&b, r)
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownList is the folded list of trials; of a long search the last ones.
func markdownList(b *strings.Builder, r Run) {
	if len(r.Trials) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>%s in %s</summary>\n\n| # | What changed | Verdict | Why |\n|--:|---|---|---|\n",
		trials(len(r.Trials)), duration(r.elapsed()))
	shown := r.Trials[max(0, len(r.Trials)-markdownTrials):]
	if hidden := len(r.Trials) - len(shown); hidden > 0 {
		fmt.Fprintf(b, "| … | %s before these | | see report.html |\n", trials(hidden))
	}
	for _, t := range shown {
		fmt.Fprintf(b, "| %d | %s | %s | %s |\n", t.Number, markdown(what(t.Step)), judgement(t.Verdict), markdown(t.Verdict.Why))
	}
	b.WriteString("\n</details>\n")
}

// markdown makes text from outside show as it is within one cell or line: no markup, no HTML, no mention that pings
// somebody, no workflow command.
func markdown(text string) string { return markdownEscapes.Replace(Clean(text)) }

// markdownEscapes turns what Markdown, HTML and workflow commands act on into character references.
var markdownEscapes = strings.NewReplacer("&", "&amp;", "::", "&#58;&#58;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "`", "&#96;",
	"*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;", "\\", "&#92;", "~", "&#126;", "@", "&#64;", "#", "&#35;", "$", "&#36;")
