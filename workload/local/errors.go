package local

import (
	"errors"
	"fmt"
)

// ErrNoCgroup is wrapped by New's error where this machine or this user can make no cgroup with CPU and memory control.
// Its text is a whole sentence that says what to run instead.
var ErrNoCgroup = errors.New("a local workload needs a cgroup that this user may write; as an ordinary user on Linux run it as: " +
	"systemd-run --user --scope -p Delegate=yes plimsoll …; in a container, start that with a writable /sys/fs/cgroup (--privileged)")

// noCgroup adds why to ErrNoCgroup.
func noCgroup(why error) error { return fmt.Errorf("%w (%w)", ErrNoCgroup, why) }
