package loadgen

import (
	"bytes"
	"errors"
	"fmt"
)

// maxHead is the most bytes that the head of one reply may take, interim (1xx) heads and trailers included.
const maxHead = 64<<10 - 1

// What can be wrong with a reply as a whole.
var (
	errTruncated = errors.New("the connection was closed in the middle of the reply")
	errTooLong   = errors.New("the reply is longer than it says")
)

// replyReader reads HTTP/1.x replies from bytes as they arrive, in pieces of any size (RFC 9112). It keeps no byte of
// a body and copies only the line that a piece ended in, so a reply that arrives whole costs no copy and no allocation.
//
// It is no library's because none fits: net/http reads from a blocking stream and allocates a header map for each reply
// (24 µs of CPU time per hit at 32 connections, where wrk takes 8 and this path the same as wrk), fasthttp too reads from
// a stream and so needs a goroutine for each connection, and parsers in C need cgo. What a load generator needs of a
// reply is its status, its end and whether the connection may be used again.
//
// It reads what servers send, not all that the grammar allows: a line may end in a bare LF, and header fields that do
// not frame the reply are skipped unread. What decides where a reply ends is read strictly.
type replyReader struct {
	state replyState
	// line is the start of a line whose end has not arrived yet.
	line []byte
	// headBytes read of this reply's heads, chunk sizes excluded.
	headBytes int
	// left is how many bytes of the body or chunk are still to come.
	left int64

	status int
	// minor is the x of HTTP/1.x.
	minor byte
	// closes is true when the connection can't be used for another hit after this reply.
	closes bool
	// headOnly is true for a reply to HEAD, which has no body whatever its head says.
	headOnly bool
	// length is the Content-Length, -1 where there is none.
	length                int64
	coded, chunked, alive bool
	// location is the value of the Location field, kept only when keepLocation is set.
	keepLocation bool
	location     []byte

	// body looks for the text the body must contain.
	body textSearch
}

// replyState is what the next byte belongs to.
type replyState uint8

const (
	inStatusLine replyState = iota
	inHeader
	inLength    // a body of known length
	inUntilEnd  // a body that ends with the connection
	inChunkSize // the line before a chunk
	inChunk
	inChunkEnd // the line end after a chunk
	inTrailer
	replyDone
)

// reset makes r ready for the next reply; headOnly says that the hit's method is HEAD.
func (r *replyReader) reset(headOnly bool) {
	line, location := r.line[:0], r.location[:0]
	if cap(line) > 4<<10 { // one huge head must not be paid for by every connection for ever
		line = nil
	}
	*r = replyReader{line: line, location: location, headOnly: headOnly, length: -1, keepLocation: r.keepLocation, body: r.body}
	r.body.restart()
}

// feed reads on in b. It returns how much of b belongs to the reply and whether the reply is complete. The error says
// what is wrong with a reply that is none.
func (r *replyReader) feed(b []byte) (used int, done bool, err error) {
	rest := b
	for r.state != replyDone {
		if len(rest) == 0 {
			return len(b), false, nil
		}
		switch r.state {
		case inLength, inChunk:
			rest = r.takeBody(rest)
		case inUntilEnd:
			r.body.look(rest)
			rest = nil
		default:
			var line []byte
			var whole bool
			line, rest, whole = r.takeLine(rest)
			if err := r.checkHead(len(line)); err != nil {
				return len(b) - len(rest), false, err
			}
			if !whole {
				continue
			}
			if err := r.readLine(line); err != nil {
				return len(b) - len(rest), false, err
			}
		}
	}
	return len(b) - len(rest), true, nil
}

// end is called when the other side has closed the connection. It returns nil where that ends the reply properly.
func (r *replyReader) end() error {
	if r.state == inUntilEnd || r.state == replyDone {
		r.state = replyDone
		r.closes = true
		return nil
	}
	return errTruncated
}

// begun reports whether a byte of a reply has arrived.
func (r *replyReader) begun() bool {
	return r.state != inStatusLine || r.headBytes > 0 || len(r.line) > 0
}

// takeBody takes what is left of a body or chunk from b.
func (r *replyReader) takeBody(b []byte) (rest []byte) {
	n := min(r.left, int64(len(b)))
	r.body.look(b[:n])
	r.left -= n
	if r.left == 0 {
		if r.state == inChunk {
			r.state = inChunkEnd
		} else {
			r.state = replyDone
		}
	}
	return b[n:]
}

// takeLine returns the next line of b without its end, joined to the start of it that arrived before. Where the line
// is not whole yet it returns what there is of it.
func (r *replyReader) takeLine(b []byte) (line, rest []byte, whole bool) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		r.line = append(r.line, b...)
		return r.line, nil, false
	}
	line, rest = b[:end], b[end+1:]
	if len(r.line) > 0 {
		r.line = append(r.line, line...)
		line, r.line = r.line, r.line[:0]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest, true
}

// checkHead refuses a head that has grown too large with a line of n bytes.
func (r *replyReader) checkHead(n int) error {
	if r.headBytes+n > maxHead {
		return fmt.Errorf("the head of the reply is over %d KiB", (maxHead+1)>>10)
	}
	return nil
}

// readLine reads one whole line, which is part of a head, of the framing of chunks or of the trailers.
func (r *replyReader) readLine(line []byte) error {
	switch r.state {
	case inStatusLine:
		r.headBytes += len(line) + 2
		return r.readStatus(line)
	case inHeader:
		r.headBytes += len(line) + 2
		if len(line) == 0 {
			return r.endHead()
		}
		return r.readField(line)
	case inChunkSize:
		return r.readChunkSize(line)
	case inChunkEnd:
		if len(line) != 0 {
			return errors.New("a chunk of the reply is longer than it says")
		}
		r.state = inChunkSize
	case inTrailer:
		r.headBytes += len(line) + 2
		if len(line) == 0 {
			r.state = replyDone
		}
	}
	return nil
}

// endHead decides how the body is framed (RFC 9112 6.3).
func (r *replyReader) endHead() error {
	r.closes = r.closes || r.minor == 0 && !r.alive
	switch {
	case r.status < 200 && r.status != 101:
		size := r.headBytes // an endless row of interim replies must end
		location, keep, headOnly := r.location, r.keepLocation, r.headOnly
		*r = replyReader{line: r.line, location: location, keepLocation: keep, headOnly: headOnly, length: -1, body: r.body, headBytes: size}
	case r.headOnly || r.status == 204 || r.status == 304:
		r.state = replyDone
	case r.status == 101: // nobody asked for another protocol; what follows is no HTTP
		r.state, r.closes = replyDone, true
	case r.chunked:
		r.state = inChunkSize
		r.closes = r.closes || r.length >= 0 // both framings: somebody on the way may have read the other one
	case r.coded || r.length < 0:
		r.state, r.closes = inUntilEnd, true
	case r.length == 0:
		r.state = replyDone
	default:
		r.state, r.left = inLength, r.length
	}
	return nil
}
