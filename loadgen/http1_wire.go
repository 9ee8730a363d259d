package loadgen

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// wire is one HTTP/1.1 connection over a net.Conn. A goroutine reads it all its life, so that the stamps are right and
// a connection that the server closes while idle is known at once.
type wire struct {
	conn   net.Conn
	opened time.Duration
	// hits made on it, and since when it has been idle. Whoever has taken it from its pool may use them.
	hits      int
	idleSince time.Duration

	mu    sync.Mutex // guards what follows
	busy  bool
	gone  bool
	reply replyReader
	// firstByte of the present reply; notSent before it.
	firstByte time.Duration
	// ended gets the end of the present reply: nil where it is complete.
	ended chan error
}

func newWire(conn net.Conn, now time.Duration) *wire {
	return &wire{conn: conn, opened: now, ended: make(chan error, 1), reply: replyReader{keepLocation: true}}
}

// read reads until the connection is closed by either side.
func (w *wire) read(now func() time.Duration) {
	defer w.conn.Close()
	buffer := make([]byte, 16<<10)
	for {
		n, err := w.conn.Read(buffer)
		if !w.take(buffer[:n], err, now()) {
			return
		}
	}
}

// take adds b to the present reply. It returns false when the connection is of no use any more.
func (w *wire) take(b []byte, failure error, now time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.busy {
		w.gone = w.gone || failure != nil || len(b) > 0
		return !w.gone
	}
	if len(b) > 0 {
		if w.firstByte == notSent {
			w.firstByte = now
		}
		used, done, err := w.reply.feed(b)
		switch {
		case err == nil && used < len(b):
			err = errTooLong
			fallthrough
		case err != nil || done:
			w.gone = w.gone || err != nil || failure != nil || w.reply.closes
			w.end(err)
			return !w.gone
		}
	}
	if failure != nil {
		w.gone = true
		w.end(w.failed(failure))
	}
	return !w.gone
}

// failed is what failure makes of the present reply.
func (w *wire) failed(failure error) error {
	switch {
	case !errors.Is(failure, io.EOF) && !errors.Is(failure, io.ErrUnexpectedEOF):
		return failure
	case !w.reply.begun():
		return errGone
	}
	return w.reply.end()
}

func (w *wire) end(err error) {
	w.busy = false
	w.ended <- err
}

// exchange sends a hit and waits for the end of its reply, which is then in w.reply. Nobody else may use w meanwhile.
func (w *wire) exchange(ctx context.Context, hit []byte, headOnly bool, search textSearch) error {
	w.mu.Lock()
	if w.gone {
		w.mu.Unlock()
		return errGone
	}
	w.hits++
	w.firstByte = notSent
	w.reply.reset(headOnly)
	w.reply.body = search
	w.busy = true
	w.mu.Unlock()

	stop := context.AfterFunc(ctx, func() { _ = w.conn.Close() })
	defer stop()
	_, unsent := w.conn.Write(hit) // read learns of the failure too, after a reply that may have come before it
	err := <-w.ended
	if err == nil && unsent != nil {
		w.mu.Lock()
		w.gone = true
		w.mu.Unlock()
	}
	return causeOr(ctx, err)
}

// usable reports whether w can be used for another hit.
func (w *wire) usable() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.gone
}
