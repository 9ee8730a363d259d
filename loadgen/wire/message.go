package wire

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/packed"
)

// Message is one thing that a generator says; exactly one of the pointers is set.
type Message struct {
	// At is the generator's wall clock when it was written.
	At     time.Time       `json:"at"`
	Hello  *Hello          `json:"hello,omitempty"`
	Began  *time.Time      `json:"began,omitempty"`
	Second *loadgen.Second `json:"second,omitempty"`
	Part   *Part           `json:"part,omitempty"`
	End    *End            `json:"end,omitempty"`
	Failed *Failed         `json:"failed,omitempty"`
	Tick   *Tick           `json:"tick,omitempty"`
}

// Hello is what a generator says first.
type Hello struct {
	// Format is its Version; Plimsoll the version of the program.
	Format   int    `json:"format_version"`
	Plimsoll string `json:"plimsoll_version"`
}

// Part is a piece of the encoded result, in order.
type Part struct {
	Bytes []byte `json:"bytes"`
}

// End closes a result: how many parts there were, and the SHA-256 over all of them.
type End struct {
	Parts int      `json:"parts"`
	Sum   [32]byte `json:"sha256"`
}

// Failed says why there will be no result.
type Failed struct {
	// Text is the error in one line.
	Text string `json:"text"`
}

// Tick says nothing but the time.
type Tick struct {
	// Every is the time until the next one.
	Every time.Duration `json:"every_ns"`
}

// Encode returns m as bytes.
func (m Message) Encode() ([]byte, error) {
	b, err := packed.Encode(m)
	if err != nil {
		return nil, fmt.Errorf("encode a message of the load generator: %w", err)
	}
	return b, nil
}

// DecodeMessage reads what Encode wrote. The error is for bytes that are no message.
func DecodeMessage(b []byte) (Message, error) {
	var m Message
	if err := packed.Decode(b, &m); err != nil {
		return Message{}, fmt.Errorf("decode a message of the load generator: %w", err)
	}
	set := 0
	for _, is := range []bool{m.Hello != nil, m.Began != nil, m.Second != nil, m.Part != nil, m.End != nil, m.Failed != nil, m.Tick != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return Message{}, fmt.Errorf("a message of the load generator says %d things where it should say one", set)
	}
	return m, nil
}

// partSize is how many bytes of a result go into one message: a log line much longer than 16 KiB is cut by runtimes.
const partSize = 6 << 10

// Split encodes a result as the messages that carry it: parts and the end. The caller fills in At.
func Split(r loadgen.Result) ([]Message, error) {
	whole, err := packed.Encode(r)
	if err != nil {
		return nil, fmt.Errorf("encode the result of the load: %w", err)
	}
	var all []Message
	end := End{Sum: sha256.Sum256(whole)}
	for rest := whole; len(rest) > 0; end.Parts++ {
		n := min(len(rest), partSize)
		all = append(all, Message{Part: &Part{rest[:n]}})
		rest = rest[n:]
	}
	return append(all, Message{End: &end}), nil
}

// Join puts the parts of a result together again. The error is for parts that are missing or damaged.
func Join(parts []Part, end End) (loadgen.Result, error) {
	if len(parts) != end.Parts {
		return loadgen.Result{}, fmt.Errorf("the result of the load came in %d of %d parts", len(parts), end.Parts)
	}
	var whole bytes.Buffer
	for _, p := range parts {
		whole.Write(p.Bytes)
	}
	if sha256.Sum256(whole.Bytes()) != end.Sum {
		return loadgen.Result{}, errors.New("the result of the load does not match its checksum")
	}
	var r loadgen.Result
	if err := packed.Decode(whole.Bytes(), &r); err != nil {
		return loadgen.Result{}, fmt.Errorf("decode the result of the load: %w", err)
	}
	return r, nil
}
