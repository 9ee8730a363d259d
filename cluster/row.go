package cluster

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"sync"
)

// rowMark begins every line that is a row; other lines of a log are whatever a program prints when it breaks.
const rowMark = "plimsoll-row"

// RowWriter writes the rows of an agent to its log: one line each, numbered from 0, with a checksum over number and
// content, so that whoever follows the log knows what is missing, what came twice and what is damaged. It is for use by
// several goroutines at once.
type RowWriter struct {
	mu   sync.Mutex
	out  io.Writer
	next int64
}

// NewRowWriter returns one that writes to out, each row by one call of Write.
func NewRowWriter(out io.Writer) *RowWriter { return &RowWriter{out: out} }

// Write adds a row with content. The error is that of the writer.
func (w *RowWriter) Write(content []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := base64.StdEncoding.EncodeToString(content)
	_, err := fmt.Fprintf(w.out, "%s %d %08x %s\n", rowMark, w.next, rowSum(w.next, text), text)
	w.next++
	return err
}

// row is one line of an agent's log.
type row struct {
	number  int64
	content []byte
}

func rowSum(number int64, text string) uint32 {
	return crc32.Checksum([]byte(strconv.FormatInt(number, 10)+" "+text), crc32.MakeTable(crc32.Castagnoli))
}

// parseRow reads one line without its end; isRow is false for a line that does not claim to be a row. The error is for
// one that claims to be and is damaged.
func parseRow(line string) (r row, isRow bool, err error) {
	rest, isRow := strings.CutPrefix(line, rowMark+" ")
	if !isRow {
		return row{}, false, nil
	}
	fields := strings.Split(rest, " ")
	if len(fields) != 3 {
		return row{}, true, fmt.Errorf("a row of %d fields where there should be 3", len(fields))
	}
	if r.number, err = strconv.ParseInt(fields[0], 10, 64); err != nil || r.number < 0 {
		return row{}, true, fmt.Errorf("a row with the number %q", fields[0])
	}
	sum, err := strconv.ParseUint(fields[1], 16, 32)
	if err != nil || uint32(sum) != rowSum(r.number, fields[2]) {
		return row{}, true, fmt.Errorf("row %d does not match its checksum", r.number)
	}
	if r.content, err = base64.StdEncoding.DecodeString(fields[2]); err != nil {
		return row{}, true, fmt.Errorf("row %d: %w", r.number, err)
	}
	return r, true, nil
}
