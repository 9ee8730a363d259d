package loadgen

import (
	"fmt"
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// WriteHDRLog writes the distributions of r as an HdrHistogram log (format 1.3, V2 compressed histograms in
// nanoseconds), which the HdrHistogram tools of other languages read and merge. Each is one interval, the whole window,
// under a tag of its own: response (censored hits at their least time), service, wait, lag, and outcome_NAME for the
// hits of each outcome as measured. Hits over an hour are in none; a comment says how many there were. The error is w's.
func WriteHDRLog(w io.Writer, r Result) error {
	begin := r.Started.Add(r.Warmup).UnixMilli()
	log := hdrhistogram.NewHistogramLogWriter(w)
	base := begin - begin%1000 // the format gives it in whole seconds
	log.SetBaseTime(base)
	write := func(tag string, d Distribution) func() error {
		return func() error { return writeInterval(log, tag, begin, begin+r.Window.Milliseconds(), d) }
	}
	steps := []func() error{
		func() error { return log.OutputComment("[Plimsoll load run, times in nanoseconds]") },
		log.OutputLogFormatVersion,
		func() error { return log.OutputBaseTime(base) },
		func() error { return log.OutputStartTime(begin) },
		log.OutputLegend,
		write("response", r.Response), write("service", r.Service), write("wait", r.Wait), write("lag", r.Lag),
	}
	for i := range outcomeCount {
		steps = append(steps, write("outcome_"+string(i.outcome()), r.ByOutcome[i.outcome()]))
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("write HdrHistogram log: %w", err)
		}
	}
	return nil
}

// writeInterval writes d as one line, and a comment where some of its hits are not in it.
func writeInterval(log *hdrhistogram.HistogramLogWriter, tag string, begin, end int64, d Distribution) error {
	if d.Count() == 0 {
		return nil
	}
	if n := d.Overflow(); n > 0 {
		if err := log.OutputComment(fmt.Sprintf("[%s: %d hits over 1 h are left out]", tag, n)); err != nil {
			return err
		}
	}
	if n := d.Censored(); n > 0 {
		if err := log.OutputComment(fmt.Sprintf("[%s: %d hits took at least as long as counted]", tag, n)); err != nil {
			return err
		}
	}
	h := d.all.counts.Clone()
	h.SetTag(tag)
	h.SetStartTimeMs(begin)
	h.SetEndTimeMs(end)
	return log.OutputIntervalHistogram(h)
}
