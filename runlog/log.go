package runlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/plimsoll/plimsoll/tuner"
)

// Log is a run log open for appending, locked against other writers until Close. It is for one goroutine.
type Log struct {
	file *os.File
	// end is the length of all whole records, in bytes; records and trials are how many there are.
	end     int64
	records uint32
	trials  int
	// broken is why nothing more may be appended; nil while all is well.
	broken error
}

// Create makes the log at path, with its folder, and writes header. It never overwrites: where path is there already
// the error is ErrExists.
func Create(path string, header Header) (*Log, error) {
	return create(path, os.O_EXCL, header)
}

// Overwrite is Create where an older log at path may be lost. The error is ErrLocked while another process writes it.
func Overwrite(path string, header Header) (*Log, error) {
	return create(path, 0, header)
}

func create(path string, flag int, header Header) (*Log, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("create run log: %w", err)
	}
	l, err := openLocked(path, os.O_RDWR|os.O_CREATE|flag)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("create run log %s: %w", path, ErrExists)
	}
	if err != nil {
		return nil, fmt.Errorf("create run log: %w", err)
	}
	header.Format = FormatVersion
	if err := l.begin(path, header); err != nil {
		if flag == os.O_EXCL { // it is ours and empty: leave no log behind that the next Create would not overwrite
			err = errors.Join(err, os.Remove(path))
		}
		return nil, fmt.Errorf("create run log %s: %w", path, errors.Join(err, l.Close()))
	}
	return l, nil
}

// begin empties the file, writes the header and makes both the file and its name durable.
func (l *Log) begin(path string, header Header) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	if err := l.append(payload{Header: &header}); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Append writes trial and returns once it is on the disk. After an error the log on the disk is as it was before, and
// whole; where even that can't be had, every later Append fails too. Trials must come in order, without gaps.
func (l *Log) Append(trial tuner.Trial) error {
	if trial.Number != l.trials+1 {
		return fmt.Errorf("append to run log: trial %d where trial %d belongs", trial.Number, l.trials+1)
	}
	if err := l.append(payload{Trial: &trial}); err != nil {
		return fmt.Errorf("append trial %d to %s: %w", trial.Number, l.file.Name(), err)
	}
	l.trials++
	return nil
}

// AppendResult writes the step that ended the search. Its Result must be set. It may be followed by more trials, when
// an interrupted search is resumed.
func (l *Log) AppendResult(step tuner.Step) error {
	if step.Result == nil {
		return errors.New("append to run log: a step without a result")
	}
	if err := l.append(payload{Result: &step}); err != nil {
		return fmt.Errorf("append result to %s: %w", l.file.Name(), err)
	}
	return nil
}

// AppendBeside writes the verdict on the trial beside the workload's autoscalers, as Contents.Beside holds it. A result
// comes before it.
func (l *Log) AppendBeside(verdict []byte) error {
	if len(verdict) == 0 {
		return errors.New("append to run log: a verdict on coexistence without a text")
	}
	if err := l.append(payload{Beside: verdict}); err != nil {
		return fmt.Errorf("append the verdict on coexistence to %s: %w", l.file.Name(), err)
	}
	return nil
}

func (l *Log) append(p payload) error {
	if l.broken != nil {
		return l.broken
	}
	encoded, err := encode(p)
	if err != nil {
		return err
	}
	record, err := frame(l.records, encoded)
	if err != nil {
		return err
	}
	if _, err := l.file.WriteAt(record, l.end); err != nil {
		return errors.Join(err, l.rollBack())
	}
	if err := l.file.Sync(); err != nil {
		// After a failed fsync the kernel may have dropped the pages and call the next one a success: trust no more.
		err = errors.Join(err, l.rollBack())
		l.broken = fmt.Errorf("the log is closed to writing after: %w", err)
		return err
	}
	l.end += int64(len(record))
	l.records++
	return nil
}

// rollBack cuts the file back to its whole records.
func (l *Log) rollBack() error {
	err := l.file.Truncate(l.end)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		l.broken = fmt.Errorf("the log is closed to writing: cut back to %d bytes: %w", l.end, err)
	}
	return l.broken
}

// Close gives up the lock and closes the file. Everything appended is on the disk already.
func (l *Log) Close() error { return l.file.Close() }

// openLocked opens path and takes its lock without waiting.
func openLocked(path string, flag int) (*Log, error) {
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, f.Close()))
	}
	return &Log{file: f}, nil
}

// syncDir makes a new name in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
