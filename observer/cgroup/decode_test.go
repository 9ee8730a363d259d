package cgroup

import "testing"

// Whatever a file holds, nothing is made up from it: a known figure is never below 0, and no decoder fails.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("usage_usec 12\nnr_periods 3\n"))
	f.Add([]byte("some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\n"))
	f.Add([]byte("max 100000\n"))
	f.Add([]byte("25000 0\n"))
	f.Add([]byte("9223372036854775807\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, n := range fields(data) {
			if n < 0 {
				t.Errorf("%s is %d", name, n)
			}
		}
		atLeastZero(t, "number", number(data))
		atLeastZero(t, "stall", stall(data))
		atLeastZero(t, "quotaV1", quotaV1(data, []byte("100000")))
		atLeastZero(t, "quotaV1 period", quotaV1([]byte("100000"), data))
		atLeastZero(t, "quotaV2", quotaV2(data))
		atLeastZero(t, "limitV1", limitV1(data))
		atLeastZero(t, "limitV2", limitV2(data))
	})
}

func atLeastZero[N ~int64](t *testing.T, name string, n *N) {
	t.Helper()
	if n != nil && *n < 0 {
		t.Errorf("%s is %d", name, *n)
	}
}
