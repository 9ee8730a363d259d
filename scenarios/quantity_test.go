package scenarios

import (
	"math"
	"strings"
	"testing"
	"testing/quick"
)

func TestMilliCPU(t *testing.T) {
	tests := []struct {
		text   string
		want   MilliCPU
		prints string
	}{
		{"250m", 250, "250m"},
		{"0.25", 250, "250m"}, // 0.25 × 1000
		{"2", 2000, "2"},
		{"2000m", 2000, "2"},
		{"1.5", 1500, "1500m"},
		{"0.001", 1, "1m"},
		{"1.500", 1500, "1500m"},
		{"0", 0, "0"},
	}
	for _, test := range tests {
		got, err := ParseMilliCPU(test.text)
		if err != nil || got != test.want || got.String() != test.prints {
			t.Errorf("%q: %d (%s), %v; want %d (%s)", test.text, int64(got), got, err, int64(test.want), test.prints)
		}
	}
	for _, text := range []string{"", "m", "-1", "+1", "1e3", "0.0001", "0.5m", "1,5", "2 ", "0x10", "NaN", "1.", ".5", "9223372036854775807", strings.Repeat("9", 400)} {
		if got, err := ParseMilliCPU(text); err == nil {
			t.Errorf("%q is read as %d", text, int64(got))
		}
	}
}

func TestBytes(t *testing.T) {
	tests := []struct {
		text   string
		want   Bytes
		prints string
	}{
		{"96Mi", 96 << 20, "96Mi"},
		{"1Gi", 1 << 30, "1Gi"},
		{"1.5Gi", 3 << 29, "1536Mi"}, // 1.5 × 1024 Mi
		{"64Ki", 64 << 10, "64Ki"},
		{"1024Ki", 1 << 20, "1Mi"},
		{"0.5Ki", 512, "512"},
		{"1000", 1000, "1000"},
		{"0", 0, "0"},
		{"8589934591Gi", 8589934591 << 30, "8589934591Gi"}, // the most that fits
	}
	for _, test := range tests {
		got, err := ParseBytes(test.text)
		if err != nil || got != test.want || got.String() != test.prints {
			t.Errorf("%q: %d (%s), %v; want %d (%s)", test.text, int64(got), got, err, int64(test.want), test.prints)
		}
	}
	for _, text := range []string{"", "Mi", "-1Mi", "1MB", "1M", "1mi", "1 Mi", "1e3", "0.3", "1.3333Mi", "8589934592Gi", "1.Mi", "0.0000000000001Gi"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("%q is read as %d", text, int64(got))
		}
	}
}

func TestQuantitiesComeBackAsTheyWere(t *testing.T) {
	same := func(n int64) bool {
		n &= math.MaxInt64
		m, err := ParseMilliCPU(MilliCPU(n).String())
		b, errBytes := ParseBytes(Bytes(n).String())
		kib := Bytes(n%(1<<40)) * KiB
		k, errKiB := ParseBytes(kib.String())
		return err == nil && errBytes == nil && errKiB == nil && m == MilliCPU(n) && b == Bytes(n) && k == kib
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}
