package runlog

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs to mount a small tmpfs (root): %v", err)
	}
	defer unix.Unmount(dir, 0)
	path := filepath.Join(dir, "run.plimsoll")
	large := fullHeader()
	large.RunID = strings.Repeat("x", 100_000)
	if _, err := Create(path, large); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("a header larger than the disk: %v, want ENOSPC", err)
	}
	l, err := Create(path, fullHeader())
	if err != nil {
		t.Fatalf("Create after one that failed: %v", err)
	}
	defer l.Close()
	number := 1
	for ; err == nil && number < 100; number++ {
		err = l.Append(fullTrial(number))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("after trial %d: %v, want ENOSPC", number, err)
	}
	c, err := Open(path)
	if err != nil || c.Repair != nil || len(c.Trials) != number-2 {
		t.Fatalf("after a full disk: %d trials of %d, repair %v, error %v", len(c.Trials), number-2, c.Repair, err)
	}
}
