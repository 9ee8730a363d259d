package loadgen

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestHDRLogIsReadBackByTheLibrary(t *testing.T) {
	plan := planOf(constant(10, 10*time.Second))
	r := newRecorder(plan)
	for k := range 100 {
		h := answered(time.Duration(k)*100*time.Millisecond, time.Duration(k+1)*time.Millisecond)
		if k == 99 {
			h.outcome = ixTimeout
		}
		r.offer(h)
	}
	result := summarize(plan, []*recorder{r}, ranFor{started: time.Unix(1_700_000_000, 250e6), ended: 10 * time.Second, complete: true})
	var out bytes.Buffer
	if err := WriteHDRLog(&out, result); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "#[response: 1 hits took at least as long as counted]") {
		t.Errorf("nothing says that a hit is censored:\n%s", out.String())
	}
	read := map[string]*hdrhistogram.Histogram{}
	for log := hdrhistogram.NewHistogramLogReader(&out); ; {
		h, err := log.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		read[h.Tag()] = h
		if h.StartTimeMs() != 1_700_000_000_250 || h.EndTimeMs() != 1_700_000_010_250 {
			t.Errorf("%s lasts from %d to %d", h.Tag(), h.StartTimeMs(), h.EndTimeMs())
		}
	}
	for tag, want := range map[string]Distribution{
		"response": result.Response, "service": result.Service, "wait": result.Wait, "lag": result.Lag,
		"outcome_ok": result.ByOutcome[OK], "outcome_timeout": result.ByOutcome[Timeout],
	} {
		if read[tag] == nil || !read[tag].Equals(want.all.counts) {
			t.Errorf("%s did not come back", tag)
		}
		delete(read, tag)
	}
	if len(read) > 0 {
		t.Errorf("more came back: %v", read)
	}
}

func TestHDRLogTellsWhenItCannotWrite(t *testing.T) {
	full := errors.New("disk full")
	if err := WriteHDRLog(failingWriter{full}, Result{}); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
