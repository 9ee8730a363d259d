package cgroup

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// unlimitedV1 and above is how version 1 says "no memory limit": the largest page-aligned counter, 2⁶³ − 4096 with
// pages of 4 KiB and less with larger ones.
const unlimitedV1 = 1 << 62

// fields reads a flat keyed file ("name value" lines). A line of another shape, or a value that is no number from 0 to
// 2⁶³−1, is left out: its field is then not known.
func fields(data []byte) map[string]int64 {
	known := map[string]int64{}
	for line := range bytes.Lines(data) {
		words := bytes.Fields(line)
		if len(words) != 2 {
			continue
		}
		if n, err := strconv.ParseInt(string(words[1]), 10, 64); err == nil && n >= 0 {
			known[string(words[0])] = n
		}
	}
	return known
}

// field returns the first of names that is known; nil where none is.
func field(known map[string]int64, names ...string) *int64 {
	for _, name := range names {
		if n, ok := known[name]; ok {
			return &n
		}
	}
	return nil
}

// number reads a file that holds one number, 0 or more; nil where it holds anything else ("max" included).
func number(data []byte) *int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(data)), 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// duration is n units as a time; nil where n is not known or too large for one.
func duration(n *int64, unit time.Duration) *time.Duration {
	if n == nil || *n > math.MaxInt64/int64(unit) {
		return nil
	}
	return new(time.Duration(*n) * unit)
}

// size is n as bytes; nil stays nil.
func size(n *int64) *scenarios.Bytes {
	if n == nil {
		return nil
	}
	return new(scenarios.Bytes(*n))
}

// workingSet is usage − inactive file, as the kubelet has it, not below 0; nil where either is not known.
func workingSet(usage, inactiveFile *int64) *scenarios.Bytes {
	if usage == nil || inactiveFile == nil {
		return nil
	}
	return new(scenarios.Bytes(max(0, *usage-*inactiveFile)))
}

// quotaV1 is cpu.cfs_quota_us over cpu.cfs_period_us; a quota of −1 is "no limit", 0 here.
func quotaV1(quota, period []byte) *scenarios.MilliCPU {
	if string(bytes.TrimSpace(quota)) == "-1" {
		return new(scenarios.MilliCPU(0))
	}
	return milliCPU(number(quota), number(period))
}

// quotaV2 reads cpu.max: "QUOTA PERIOD" in microseconds; a quota of "max" is "no limit", 0 here.
func quotaV2(data []byte) *scenarios.MilliCPU {
	words := bytes.Fields(data)
	if len(words) != 2 {
		return nil
	}
	if string(words[0]) == "max" {
		return new(scenarios.MilliCPU(0))
	}
	return milliCPU(number(words[0]), number(words[1]))
}

// milliCPU is 1000·quota/period, rounded down: 25000 µs of 100000 µs is 250.
func milliCPU(quota, period *int64) *scenarios.MilliCPU {
	if quota == nil || period == nil || *period == 0 || *quota > math.MaxInt64/1000 {
		return nil
	}
	return new(scenarios.MilliCPU(*quota * 1000 / *period))
}

// limitV1 reads memory.limit_in_bytes; 0 where no limit is set.
func limitV1(data []byte) *scenarios.Bytes {
	n := number(data)
	if n != nil && *n >= unlimitedV1 {
		*n = 0
	}
	return size(n)
}

// limitV2 reads memory.max; "max" is "no limit", 0 here.
func limitV2(data []byte) *scenarios.Bytes {
	if string(bytes.TrimSpace(data)) == "max" {
		return new(scenarios.Bytes(0))
	}
	return size(number(data))
}

// stall reads a pressure file: the cumulative "some" total, in microseconds there.
//
//	some avg10=0.00 avg60=0.00 avg300=0.00 total=1234
func stall(data []byte) *time.Duration {
	for line := range bytes.Lines(data) {
		words := bytes.Fields(line)
		if len(words) == 0 || string(words[0]) != "some" {
			continue
		}
		for _, word := range words[1:] {
			if total, found := bytes.CutPrefix(word, []byte("total=")); found {
				return duration(number(total), time.Microsecond)
			}
		}
	}
	return nil
}
