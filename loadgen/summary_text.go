package loadgen

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// WriteText writes r as a summary to read in a terminal, 80 columns wide or less. The error is w's.
func WriteText(w io.Writer, r Result) error {
	var b strings.Builder
	if r.Hits == 0 {
		b.WriteString("no hits were planned in the judged window: nothing was measured\n")
	} else {
		writeRates(&b, r)
		writeTimes(&b, r)
		writeOutcomes(&b, r)
		writeKinds(&b, r)
		writeReplicas(&b, r)
		writeValidity(&b, r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeRates(b *strings.Builder, r Result) {
	fmt.Fprintf(b, "%s hits planned in %s", formatCount(r.Hits), formatTime(r.Window))
	if r.Warmup > 0 {
		fmt.Fprintf(b, ", after %s of warm-up", formatTime(r.Warmup))
	}
	if !r.Complete {
		b.WriteString("; interrupted before the end")
	}
	b.WriteString("\n")
	if r.ClosedLoop {
		fmt.Fprintf(b, "closed loop: throughput %s hits/s\n", formatRate(r.Throughput))
		return
	}
	fmt.Fprintf(b, "offered %s hits/s, achieved %s, throughput %s", formatRate(r.Offered), formatRate(r.Achieved), formatRate(r.Throughput))
	if r.Offered > 0 {
		fmt.Fprintf(b, " (%s of offered)", formatShare(r.Throughput/r.Offered))
	}
	fmt.Fprintf(b, "; at most %s in flight\n", formatCount(r.MaxInFlight))
}

// writeTimes writes the percentile table.
func writeTimes(b *strings.Builder, r Result) {
	quantiles := []float64{0.5, 0.9, 0.95, 0.99, 0.999, 1}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\n\tp50\tp90\tp95\tp99\tp99.9\tmax\t\n")
	censored := false
	row := func(name string, d Distribution) {
		if d.Count() == 0 {
			return
		}
		fmt.Fprint(table, name, "\t")
		for _, q := range d.Quantiles(quantiles...) {
			fmt.Fprint(table, formatQuantile(q), "\t")
			censored = censored || q.AtLeast
		}
		fmt.Fprintln(table)
	}
	row("response", r.Response)
	row("service", r.Service)
	row("first byte", r.Wait)
	row("lag", r.Lag)
	table.Flush()
	if censored {
		fmt.Fprintf(b, "≥: %s hits were not answered as expected; they count as no answer within the timeout\n",
			formatCount(r.Response.Count()-r.Outcomes[OK]))
	}
}

func writeOutcomes(b *strings.Builder, r Result) {
	b.WriteString("\n")
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for i := range outcomeCount {
		name := i.outcome()
		n := r.Outcomes[name]
		if n == 0 {
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s", strings.ReplaceAll(string(name), "_", " "), formatCount(n), formatShare(float64(n)/float64(r.Hits)))
		if text := r.Errors[name]; text != "" {
			fmt.Fprintf(table, "\tfirst: %s", printable(text))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

// writeKinds writes one line for each kind of hit, where there are several.
func writeKinds(b *strings.Builder, r Result) {
	if len(r.Kinds) < 2 {
		return
	}
	b.WriteString("\n")
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "hit\thits\tok\tp50\tp99")
	for _, k := range r.Kinds {
		n := sumOf(k.Outcomes)
		if n == 0 {
			fmt.Fprintf(table, "%s\t0\n", printable(k.Name))
			continue
		}
		p50, _ := k.Response.Quantile(0.5)
		p99, _ := k.Response.Quantile(0.99)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", printable(k.Name), formatCount(n), formatShare(float64(k.Outcomes[OK])/float64(n)),
			formatQuantile(p50), formatQuantile(p99))
	}
	table.Flush()
}

// writeReplicas writes how ok hits were spread, where there are several replicas.
func writeReplicas(b *strings.Builder, r Result) {
	if len(r.ReplicaOK) < 2 {
		return
	}
	counts := make([]string, len(r.ReplicaOK))
	for i, n := range r.ReplicaOK {
		counts[i] = formatCount(n)
	}
	fmt.Fprintf(b, "\nok by replica: %s\n", strings.Join(counts, ", "))
}

func writeValidity(b *strings.Builder, r Result) {
	fmt.Fprintf(b, "\ngenerator: %s of CPU, %.2f cores", formatTime(r.Generator.CPU), r.Generator.Cores)
	if ended := sumOf(r.Outcomes); ended > 0 {
		fmt.Fprintf(b, ", %s a hit", formatTime(r.Generator.CPU/time.Duration(ended)))
	}
	b.WriteString("\n")
	switch {
	case len(r.Invalid) > 0:
	case r.ClosedLoop:
		b.WriteString("valid; a closed loop has no schedule, so response time hides every stall of the service\n")
		return
	default:
		b.WriteString("valid: the generator kept its schedule\n")
		return
	}
	b.WriteString("INVALID: this run says nothing about the service\n")
	for _, reason := range r.Invalid {
		fmt.Fprintf(b, "  %s\n", reason)
	}
}

// printable puts a ? in the place of every character that a terminal could take for a command or a table for a column:
// an error may quote what a server sent.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

func formatQuantile(q Quantile) string {
	if q.AtLeast {
		return "≥" + formatTime(q.Time)
	}
	return formatTime(q.Time)
}

// formatTime writes d with three significant digits: 51.2 µs, 1.02 ms, 30.0 s, 5m0s.
func formatTime(d time.Duration) string {
	switch {
	case d >= 100*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return threeDigits(d.Seconds()) + " s"
	case d >= time.Millisecond:
		return threeDigits(float64(d)/1e6) + " ms"
	}
	return threeDigits(float64(d)/1e3) + " µs"
}

func threeDigits(x float64) string {
	decimals := 2
	for limit := 9.995; x >= limit && decimals > 0; limit *= 10 {
		decimals--
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

// formatCount writes n with a comma between thousands.
func formatCount(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// formatRate writes a rate to a tenth below 1000/s, whole above.
func formatRate(x float64) string {
	if x < 999.95 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return formatCount(int64(x + 0.5))
}

// formatShare writes a ratio in percent. One that is not whole never reads as 100 % or 0 %.
func formatShare(ratio float64) string {
	percent := strconv.FormatFloat(100*ratio, 'f', 2, 64)
	switch {
	case ratio < 1 && percent == "100.00":
		percent = ">99.99"
	case ratio > 0 && percent == "0.00":
		percent = "<0.01"
	case slices.Contains([]string{"100.00", "0.00"}, percent):
		percent = strings.TrimSuffix(percent, ".00")
	}
	return percent + " %"
}
