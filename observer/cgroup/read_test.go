package cgroup

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
)

// Each folder of testdata is a cgroup as a kernel shows it, named for the case. What is missing there is nil here.
func TestRead(t *testing.T) {
	throttled := observer.Sample{
		CPU:     new(2816321 * time.Microsecond),
		Periods: new(int64(120)), ThrottledPeriods: new(int64(37)), ThrottledTime: new(918273 * time.Microsecond),
		Usage: mem(83886080), WorkingSet: mem(83886080 - 4194304), Anon: mem(70254592), File: mem(9437184),
		MappedFile: mem(5242880), Peak: mem(90177536),
		OOMKills: new(int64(1)), LimitHits: new(int64(14)), Refaults: new(int64(911)),
		CPUStall: new(1503211 * time.Microsecond), MemoryStall: new(8042 * time.Microsecond),
		CPULimit: new(scenarios.MilliCPU(250)), MemoryLimit: mem(134217728),
	}
	throttledV1 := throttled
	throttledV1.CPU, throttledV1.ThrottledTime = new(time.Duration(2816321987)), new(time.Duration(918273645))
	throttledV1.CPUStall, throttledV1.MemoryStall = nil, nil // version 1 has no pressure files
	for folder, want := range map[string]observer.Sample{
		"v2-throttled": throttled,
		"v1-throttled": throttledV1,
		"v2-no-limits": {
			CPU: new(5 * time.Millisecond), Usage: mem(1048576), WorkingSet: mem(1048576 - 131072),
			Anon: mem(524288), File: mem(262144), MappedFile: mem(131072),
			OOMKills: new(int64(0)), LimitHits: new(int64(0)), Refaults: new(int64(0)),
			CPULimit: new(scenarios.MilliCPU(0)), MemoryLimit: mem(0),
		},
		"v2-old-kernel-without-peak-and-psi": {
			CPU: new(5 * time.Millisecond), Usage: mem(1048576), WorkingSet: mem(1048576 - 131072),
			Periods: new(int64(3)), ThrottledPeriods: new(int64(0)), ThrottledTime: new(time.Duration(0)),
			Anon: mem(524288), File: mem(262144), MappedFile: mem(131072),
			OOMKills: new(int64(0)), LimitHits: new(int64(0)), Refaults: new(int64(7)),
			CPULimit: new(scenarios.MilliCPU(100)), MemoryLimit: mem(67108864),
		},
		"v2-garbled": {},
		"v2-empty":   {},
		"v1-no-limits-old-kernel": {
			CPU: new(5 * time.Millisecond), Usage: mem(1048576), WorkingSet: mem(0), Peak: mem(1048576),
			Anon: mem(524288), File: mem(262144), MappedFile: mem(131072), LimitHits: new(int64(0)),
			CPULimit: new(scenarios.MilliCPU(0)), MemoryLimit: mem(0),
		},
	} {
		t.Run(folder, func(t *testing.T) {
			before := time.Now()
			got, err := Read(at(folder))
			if err != nil {
				t.Fatal(err)
			}
			if got.At.Before(before) || got.At.After(time.Now()) {
				t.Errorf("read at %s", got.At)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(observer.Sample{}, "At")); diff != "" {
				t.Errorf("−want +got:\n%s", diff)
			}
		})
	}
}

func TestReadOfNothing(t *testing.T) {
	for name, c := range map[string]observer.Cgroup{
		"no cgroup": {},
		"gone, v2":  {Version: 2, Unified: "testdata/gone"},
		"gone, v1":  {Version: 1, CPU: "testdata/v1-throttled", CPUAcct: "testdata/v1-throttled", Memory: "testdata/gone"},
	} {
		if s, err := Read(c); err == nil {
			t.Errorf("%s: read as %+v", name, s)
		}
	}
}

// at is the recorded cgroup in folder, by the version its name begins with.
func at(folder string) observer.Cgroup {
	path := filepath.Join("testdata", folder)
	if folder[:2] == "v1" {
		return observer.Cgroup{Version: 1, CPU: path, CPUAcct: path, Memory: path}
	}
	return observer.Cgroup{Version: 2, Unified: path}
}

func mem(n int64) *scenarios.Bytes { return new(scenarios.Bytes(n)) }
