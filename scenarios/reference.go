package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// Reference is the reference of every key in Markdown (docs/scenario-file.md), made from the tables that Read goes by.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(referenceHead)
	writeParts(&b, []part{{"The file", fileFields(newDraft())}}, &[]string{})
	var d sourceDraft
	writeParts(&b, []part{{"A source", sourceFields(&d)}}, &[]string{})
	b.WriteString(referenceTail)
	return []byte(b.String())
}

// writeParts writes the tables and then those below them, each once.
func writeParts(b *strings.Builder, parts []part, done *[]string) {
	for _, p := range parts {
		if slices.Contains(*done, p.title) {
			continue
		}
		*done = append(*done, p.title)
		fmt.Fprintf(b, "\n## %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", p.title)
		for _, f := range p.fields {
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.key, cell(f.value.words), cell(f.standing()), cell(f.doc))
		}
		for _, f := range p.fields {
			if f.value.parts != nil {
				writeParts(b, f.value.parts(), done)
			}
		}
	}
}

// standing is what holds without the key, in words.
func (f field) standing() string {
	if f.required {
		return "**required**"
	}
	if f.value.preset == nil || f.value.preset() == "" {
		return ""
	}
	return "`" + f.value.preset() + "`"
}

// cell keeps text within one cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

const referenceHead = `# The scenario file

Every key of a scenario file. This page is made from the tables that the reader itself goes by
(` + "`go test ./scenarios -run Reference -update`" + `), and so is [scenarios/schema.json](../scenarios/schema.json), by which editors complete and
check the file: put ` + "`# yaml-language-server: $schema=./scenarios/schema.json`" + ` in its first line.
[scenarios.yaml](../scenarios.yaml) is the example to start from; ` + "`plimsoll init`" + ` writes one for a URL or a command, and
` + "`plimsoll validate -f FILE`" + ` checks one without starting anything.

The file is read strictly. An unknown key, a missing unit, a value that is not possible, two of the same name, a value
that contradicts another: each is an error with its line and column, and all of them are reported at once. It is one YAML
document in UTF-8, at most 1 MiB, without anchors, aliases, merge keys and tags.

## How values are written

| value | written | not |
|---|---|---|
| CPU | ` + "`250m`, `0.5`, `2`" + ` | ` + "`0.5 cores`; finer than `1m`" + ` |
| memory | ` + "`64Ki`, `96Mi`, `1Gi`" + ` (1Mi is 1024² bytes) | ` + "`96MB`, `96M`" + ` |
| duration | ` + "`200ms`, `30s`, `5m`, `1h30m`" + ` | ` + "`30`" + ` |
| rate | ` + "`200/s`, `90/m`, `200`" + ` (per second, over all replicas) | ` + "`200rps`" + ` |
| SLO | ` + "`p99 < 200ms`, `p99.9 <= 1s`, `errors < 0.1%`, `throttled < 5%`, `throughput >= 99%`, `oom_kills <= 1`, `restarts <= 0`, `memory < 90%`, `cpu < 80%`" + ` | ` + "`p99 < 200`, `errors < 0.001`" + ` |
| source | text, or ` + "`{env: NAME}`, `{file: PATH}`, `{value: TEXT}`, each with `secret: true`" + ` | |

| SLO on | is | compared by |
|---|---|---|
| ` + "`p50`, `p99`, `p99.9`, …" + ` | that percentile of the response time: completion − planned start | ` + "`<` `<=`" + ` |
| ` + "`errors`" + ` | hits that were not ok over hits planned; dropped and unfinished hits are errors | ` + "`<` `<=`" + ` |
| ` + "`throttled`" + ` | throttled periods over all periods of the CPU quota, of the busiest replica | ` + "`<` `<=`" + ` |
| ` + "`throughput`" + ` | hits ok over hits offered | ` + "`>` `>=`" + ` |
| ` + "`oom_kills`, `restarts`" + ` | how many of them in a trial; an OOM kill is a restart too | ` + "`<` `<=`" + ` |
| ` + "`memory`" + ` | peak working set over the memory limit | ` + "`<` `<=`" + ` |
| ` + "`cpu`" + ` | CPU usage over the CPU limit | ` + "`<` `<=`" + ` |
`

const referenceTail = `
A value with ` + "`secret: true`" + `, and every header or variable whose name says that it is one (Authorization, Cookie, …token…,
…secret…, …password…, …credential…, …api-key…), is kept out of every output, the run log included.

## Templates and data

Path, header values and body of a hit are templates: ` + "`{{.column}}`" + ` is a column of the row that the hit takes from its data,
` + "`{{.hit}}`" + ` the number of the hit from 0, and ` + "`{{\"{{\"}}`" + ` two braces. Rows are taken in order, and over again. A column
that the data has not is an error when the file is read, and so is a row with another number of values than the first.
Columns have names of letters, digits and _.
`
