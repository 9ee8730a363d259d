package wire

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
)

func FuzzDecodeMessage(f *testing.F) {
	p50 := time.Millisecond
	for _, m := range []Message{
		{Hello: &Hello{Version, "v1"}}, {Second: &loadgen.Second{At: time.Second, P50: &p50}},
		{Part: &Part{[]byte("abc")}}, {End: &End{Parts: 1}}, {Failed: &Failed{"no"}}, {Tick: &Tick{time.Second}},
	} {
		b, err := m.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeMessage(b)
		if err != nil {
			return
		}
		again, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeMessage(again); err != nil {
			t.Fatalf("%+v was read, written and can't be read again: %v", m, err)
		}
	})
}

func FuzzJoin(f *testing.F) {
	messages, err := Split(exampleResult(f))
	if err != nil {
		f.Fatal(err)
	}
	var whole []byte
	for _, m := range messages {
		if m.Part != nil {
			whole = append(whole, m.Part.Bytes...)
		}
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Join([]Part{{b}}, End{Parts: 1, Sum: sha256.Sum256(b)})
		if err == nil {
			r.Response.Quantile(0.99)
		}
	})
}

func FuzzDecodePlan(f *testing.F) {
	b, err := EncodePlan(examplePlan(f), "v1")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := DecodePlan(b, "v1", t.TempDir()); err == nil {
			if _, err := EncodePlan(loadgen.Plan{Scenario: p.Scenario, Addresses: p.Addresses}, "v1"); err != nil {
				t.Fatal(err)
			}
		}
	})
}
