package runlog

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll/plimsoll/tuner"
)

// smallLog has a header and three short trials; ends are the offsets at which its records end.
func smallLog(t testing.TB) (b []byte, ends []int) {
	t.Helper()
	for i, p := range []payload{
		{Header: &Header{Format: FormatVersion, RunID: "r"}},
		{Trial: &tuner.Trial{Number: 1}}, {Trial: &tuner.Trial{Number: 2}}, {Trial: &tuner.Trial{Number: 3}},
	} {
		encoded, err := encode(p)
		if err != nil {
			t.Fatal(err)
		}
		record, err := frame(uint32(i), encoded)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, record...)
		ends = append(ends, len(b))
	}
	return b, ends
}

// whole is how many of the records that end at ends are whole in the first n bytes.
func whole(ends []int, n int) int {
	k := 0
	for k < len(ends) && ends[k] <= n {
		k++
	}
	return k
}

func TestTruncatedAtEveryOffset(t *testing.T) {
	log, ends := smallLog(t)
	for n := range len(log) + 1 {
		c, err := Decode(log[:n])
		records := whole(ends, n)
		if records == 0 {
			if !errors.Is(err, ErrEmpty) {
				t.Fatalf("cut at %d: %v, want ErrEmpty", n, err)
			}
			continue
		}
		if err != nil || len(c.Trials) != records-1 {
			t.Fatalf("cut at %d: %d trials, %v; want %d", n, len(c.Trials), err, records-1)
		}
		torn := n - ends[records-1]
		if (c.Repair == nil) != (torn == 0) {
			t.Fatalf("cut at %d: repair %v with %d bytes torn", n, c.Repair, torn)
		}
		if c.Repair != nil && (c.Repair.Offset != int64(ends[records-1]) || c.Repair.Dropped != int64(torn)) {
			t.Fatalf("cut at %d: %+v, want offset %d, dropped %d", n, *c.Repair, ends[records-1], torn)
		}
	}
}

func TestEveryBitFlipped(t *testing.T) {
	log, ends := smallLog(t)
	for bit := range 8 * len(log) {
		at := bit / 8
		damaged := bytes.Clone(log)
		damaged[at] ^= 1 << (bit % 8)
		c, err := Decode(damaged)
		record := whole(ends, at)
		if record == len(ends)-1 { // the last record: dropped, and said
			if err != nil || len(c.Trials) != len(ends)-2 || c.Repair == nil {
				t.Fatalf("bit %d, in the last record: %d trials, repair %v, error %v", bit, len(c.Trials), c.Repair, err)
			}
			continue
		}
		start := 0
		if record > 0 {
			start = ends[record-1]
		}
		var damage *DamageError
		if !errors.As(err, &damage) || damage.Offset != int64(start) {
			t.Fatalf("bit %d, in record %d: %v, want damage at offset %d", bit, record, err, start)
		}
	}
}

func TestZeroedTail(t *testing.T) { // what a lost machine leaves where the length reached the disk and the bytes did not
	log, ends := smallLog(t)
	for at := ends[2]; at < len(bytes.TrimRight(log, "\x00")); at++ {
		damaged := append(bytes.Clone(log[:at]), make([]byte, len(log)-at+4096)...)
		if c, err := Decode(damaged); err != nil || len(c.Trials) != 2 || c.Repair == nil {
			t.Fatalf("zeros from %d: %d trials, repair %v, error %v", at, len(c.Trials), c.Repair, err)
		}
	}
}

func TestRecordsMovedAbout(t *testing.T) {
	log, ends := smallLog(t)
	one, two, three := log[ends[0]:ends[1]], log[ends[1]:ends[2]], log[ends[2]:]
	for name, b := range map[string][]byte{
		"lost":    join(log[:ends[1]], three),
		"swapped": join(log[:ends[0]], two, one, three),
		"no head": join(one, two, three),
	} {
		if c, err := Decode(b); err == nil && c.Repair == nil {
			t.Errorf("%s: neither an error nor a repair", name)
		}
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestResumeCutsOffTheTornRecord(t *testing.T) {
	path, log := written(t, fullTrial(1), fullTrial(2))
	if err := os.WriteFile(path, log[:len(log)-7], 0o600); err != nil {
		t.Fatal(err)
	}
	l, c, err := Resume(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if c.Repair == nil || len(c.Trials) != 1 {
		t.Fatalf("%d trials, repair %v; want 1 and a repair", len(c.Trials), c.Repair)
	}
	if err := l.Append(fullTrial(2)); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil || again.Repair != nil {
		t.Fatalf("after the repair: %v, error %v", again.Repair, err)
	}
	if diff := cmp.Diff([]tuner.Trial{fullTrial(1), fullTrial(2)}, again.Trials); diff != "" {
		t.Error(diff)
	}
}

func TestDamagedFileIsLeftAlone(t *testing.T) {
	path, log := written(t, fullTrial(1), fullTrial(2))
	log[len(log)/2] ^= 1
	if err := os.WriteFile(path, log, 0o600); err != nil {
		t.Fatal(err)
	}
	var damage *DamageError
	if _, _, err := Resume(path); !errors.As(err, &damage) {
		t.Fatalf("Resume: %v, want damage", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(after, log) {
		t.Error("a damaged log was changed")
	}
}

// hostile payloads claim more than they hold; each must be refused without taking the memory it claims.
var hostile = map[string][]byte{
	"array of 4 billion":  join(key("trial"), key("observation"), key("containers"), []byte{0xdd, 0xff, 0xff, 0xff, 0xff}),
	"map of 4 billion":    join(key("trial"), []byte{0xdf, 0xff, 0xff, 0xff, 0xff}),
	"string of 4 GiB":     join(key("trial"), []byte{0xdb, 0xff, 0xff, 0xff, 0xff}),
	"extension of 4 GiB":  join(key("trial"), []byte{0xc9, 0xff, 0xff, 0xff, 0xff, 0xff}),
	"arrays without end":  join(key("unknown"), bytes.Repeat([]byte{0x91}, 1<<10)),
	"maps without end":    join(key("unknown"), bytes.Repeat([]byte{0x81, 0xc0}, 1<<10)),
	"nothing":             {},
	"a value too many":    join(key("trial"), []byte{0xc0, 0xc0}),
	"trial of wrong type": join(key("trial"), []byte{0x01}),
}

// key is a map of one entry, up to and with its key.
func key(name string) []byte { return append([]byte{0x81, 0xa0 | byte(len(name))}, name...) }

func TestHostilePayloads(t *testing.T) {
	for name, b := range hostile {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(b)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s: took %d bytes of memory", name, took)
		}
	}
}

func FuzzDecode(f *testing.F) {
	log, ends := smallLog(f)
	_, full := written(f, fullTrial(1))
	f.Add(log)
	f.Add(full)
	f.Add(log[:ends[1]+9])
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err == nil && c.Repair != nil && c.Repair.Offset+c.Repair.Dropped != int64(len(b)) {
			t.Errorf("repair %+v does not reach the end at %d", *c.Repair, len(b))
		}
	})
}

func FuzzPayload(f *testing.F) {
	trial := fullTrial(1)
	for _, p := range []payload{{Trial: &trial}, {Header: new(fullHeader())}, {Result: &resultStep}, {Beside: []byte("{}")}} {
		b, err := encode(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, b := range hostile {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decode(b)
		if err != nil {
			return
		}
		again, err := encode(p)
		if err != nil {
			t.Fatalf("what was decoded can't be encoded: %v", err)
		}
		if _, err := decode(again); err != nil {
			t.Fatalf("what was encoded can't be decoded: %v", err)
		}
	})
}
