package runlog

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Open reads the log at path without changing or locking it. Errors: ErrEmpty, ErrFuture, *DamageError, and those of
// reading the file. A torn or damaged last record is no error: Contents.Repair tells of it.
func Open(path string) (Contents, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Contents{}, fmt.Errorf("open run log: %w", err)
	}
	c, err := Decode(b)
	if err != nil {
		return Contents{}, fmt.Errorf("open run log %s: %w", path, err)
	}
	return c, nil
}

// Resume opens the log at path for appending and returns what it holds; a torn or damaged last record is cut off. The
// caller closes the log. Errors: as Open, and ErrLocked while another process writes it; then nothing was changed.
func Resume(path string) (*Log, Contents, error) {
	l, err := openLocked(path, os.O_RDWR)
	if err != nil {
		return nil, Contents{}, fmt.Errorf("resume run log: %w", err)
	}
	c, err := l.recover()
	if err != nil {
		return nil, Contents{}, fmt.Errorf("resume run log %s: %w", path, errors.Join(err, l.Close()))
	}
	return l, c, nil
}

// recover reads the whole file, cuts off what can't be kept and sets the place to append at.
func (l *Log) recover() (Contents, error) {
	b, err := io.ReadAll(l.file)
	if err != nil {
		return Contents{}, err
	}
	c, err := Decode(b)
	if err != nil {
		return Contents{}, err
	}
	l.end = int64(len(b))
	if c.Repair != nil {
		l.end = c.Repair.Offset
		if err := l.rollBack(); err != nil {
			return Contents{}, err
		}
	}
	payloads, _, err := split(b[:l.end])
	l.records, l.trials = uint32(len(payloads)), len(c.Trials)
	return c, err
}

// Decode reads a whole log from memory. Errors as Open.
func Decode(log []byte) (Contents, error) {
	payloads, repair, err := split(log)
	if err != nil {
		return Contents{}, err
	}
	if len(payloads) == 0 {
		return Contents{}, ErrEmpty
	}
	c, end, err := assemble(payloads)
	switch {
	case errors.Is(err, ErrFuture):
		return Contents{}, err
	case err != nil:
		// The checksums match, so this was written so: dropping it would hide a mistake in a program.
		return Contents{}, &DamageError{offset(payloads[:end]), err.Error()}
	}
	c.Repair = repair
	return c, nil
}

// offset is where the record after payloads begins.
func offset(payloads [][]byte) int64 {
	sum := int64(0)
	for _, p := range payloads {
		sum += headSize + int64(len(p))
	}
	return sum
}
