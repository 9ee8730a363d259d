package local

import (
	"bufio"
	"cmp"
	"io"
	"slices"
	"strings"
	"sync"
)

const (
	// keptLines is how many lines of output an exit carries.
	keptLines = 20
	// keptBytes of a line; the rest is cut off.
	keptBytes = 512
	// leastSecret is how short a line of a secret may be, in bytes, to be kept out: a brace tells nothing.
	leastSecret = 4
)

// output keeps the last lines that a container wrote.
type output struct {
	// secrets are values that no line may hold, longest first; each is replaced by "(secret)".
	secrets []string

	mu    sync.Mutex
	lines []string
}

// lineSecrets are secrets as one line of output may hold them, longest first: a key of several lines comes line by line.
func lineSecrets(secrets []string) []string {
	var all []string
	for _, secret := range secrets {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= leastSecret {
				all = append(all, line)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(all)
}

// readFrom keeps what r gives until it ends, one line at a time, in little memory whatever r gives.
func (o *output) readFrom(r io.Reader) {
	lines := bufio.NewReaderSize(r, 16*keptBytes)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			o.keep(string(line))
		}
		for err == bufio.ErrBufferFull {
			_, err = lines.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

func (o *output) keep(line string) {
	line = strings.ToValidUTF8(strings.TrimRight(line, "\r\n"), "�")
	for _, secret := range o.secrets {
		line = strings.ReplaceAll(line, secret, "(secret)")
	}
	if len(line) > keptBytes {
		line = strings.ToValidUTF8(line[:keptBytes], "") + "…"
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, line)
	if len(o.lines) > keptLines {
		o.lines = o.lines[1:]
	}
}

// last returns the lines kept, oldest first.
func (o *output) last() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.lines...)
}
