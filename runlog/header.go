package runlog

import (
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// FormatVersion is the version of the file format that this package writes, and the newest that it reads.
const FormatVersion = 1

// Header is the first record: all that is needed to go on with the search or to report on it.
type Header struct {
	// Format is the version of the file format; Create sets it.
	Format int `json:"format_version"`
	// Plimsoll is the version of the program that wrote the log.
	Plimsoll string `json:"plimsoll_version"`
	// RunID names this search; unique.
	RunID string `json:"run_id"`
	// Started is when the search began, UTC.
	Started time.Time `json:"started"`
	// Simulated is true where no real service was measured.
	Simulated bool `json:"simulated"`
	// Machine that ran the service: this one, or what the nodes of a cluster have in common.
	Machine Machine `json:"machine"`
	// File is the scenario file as read, without its secrets; FileSHA256 is the hash of its text, in hex, by which a
	// resume sees that the file has changed since.
	File       scenarios.File `json:"scenario_file"`
	FileSHA256 string         `json:"scenario_file_sha256"`
	// Goal of the search.
	Goal tuner.Goal `json:"goal"`
	// Around is what may act on a workload in a cluster, as it was before the first change: a snapshot of tuner/compat as
	// JSON. Empty for workloads elsewhere, and where it could not be read.
	Around []byte `json:"around,omitempty"`
}

// Machine is what figures depend on. Empty strings and zeros are "not known".
type Machine struct {
	OS     string          `json:"os"`
	Arch   string          `json:"arch"`
	Kernel string          `json:"kernel"`
	CPU    string          `json:"cpu_model"`
	Cores  int             `json:"cores"`
	Memory scenarios.Bytes `json:"memory_bytes"`
	// Cgroup is the version of the cgroup hierarchy, 1 or 2.
	Cgroup int `json:"cgroup_version"`
}

// Contents are all that a log holds.
type Contents struct {
	Header Header
	// Trials in the order run, numbered 1, 2, 3 …
	Trials []tuner.Trial
	// Result is the step that ended the search; nil where the search has not ended, or went on after it.
	Result *tuner.Step
	// Beside is the verdict on the trial beside the workload's autoscalers: a Coexistence of tuner/compat as JSON. Empty
	// where none was run, or where trials came after it.
	Beside []byte
	// Repair says what is wrong with the last record; nil where nothing is.
	Repair *Repair
}

// Repair is a torn or damaged last record: dropped from the Contents, and cut off the file by Resume.
type Repair struct {
	// Offset of the first byte dropped, and how many are.
	Offset  int64
	Dropped int64
	// Reason in words.
	Reason string
}

func (r Repair) String() string {
	return fmt.Sprintf("dropped the last %d bytes at offset %d: %s", r.Dropped, r.Offset, r.Reason)
}

// Errors that a caller branches on.
var (
	// ErrExists is returned by Create where the log is already there.
	ErrExists = errors.New("the run log exists already")
	// ErrLocked is returned by Overwrite and Resume while another process writes the log.
	ErrLocked = errors.New("another plimsoll is writing this run log")
	// ErrFuture is returned by Open and Resume for a log of a newer format.
	ErrFuture = errors.New("the run log was written by a newer plimsoll")
	// ErrEmpty is returned by Open and Resume where not even the header is whole: nothing was recorded.
	ErrEmpty = errors.New("the run log has no whole header: nothing was recorded")
)

// DamageError is damage that dropping the last record can't repair. Open and Resume return it; the file is untouched.
type DamageError struct {
	// Offset of the first byte of the damaged record.
	Offset int64
	// Reason in words.
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("the run log is damaged at offset %d: %s", e.Offset, e.Reason)
}
