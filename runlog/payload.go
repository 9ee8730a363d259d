package runlog

import (
	"errors"
	"fmt"

	"github.com/plimsoll/plimsoll/packed"
	"github.com/plimsoll/plimsoll/tuner"
)

// payload is one record; exactly one field is set.
type payload struct {
	Header *Header      `json:"header,omitempty"`
	Trial  *tuner.Trial `json:"trial,omitempty"`
	Result *tuner.Step  `json:"result,omitempty"`
	Beside []byte       `json:"beside,omitempty"`
}

// encode returns p as MessagePack; equal values give equal bytes.
func encode(p payload) ([]byte, error) {
	b, err := packed.Encode(p)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return b, nil
}

// decode reads one record. Memory taken is at most a constant times len(b), whatever lengths b claims.
func decode(b []byte) (p payload, err error) {
	if err := packed.Decode(b, &p); err != nil {
		return payload{}, err
	}
	if set := count(p.Header != nil, p.Trial != nil, p.Result != nil, len(p.Beside) > 0); set != 1 {
		return payload{}, fmt.Errorf("%d of header, trial, result and coexistence where one belongs", set)
	}
	if p.Header != nil {
		p.Header.Started = p.Header.Started.UTC()
	}
	if p.Trial != nil {
		p.Trial.Observation.Start = p.Trial.Observation.Start.UTC()
	}
	if p.Result != nil && p.Result.Result == nil {
		return payload{}, errors.New("a result record without a result")
	}
	return p, nil
}

// checkVersion returns ErrFuture for a header of a newer format. It reads no other field, since those of a newer format
// may not be readable.
func checkVersion(header []byte) error {
	var v struct {
		Header struct {
			Format   int    `json:"format_version"`
			Plimsoll string `json:"plimsoll_version"`
		} `json:"header"`
	}
	if err := packed.Decode(header, &v); err != nil {
		return err
	}
	if v.Header.Format > FormatVersion {
		return fmt.Errorf("%w: format %d by plimsoll %q; this one reads up to %d", ErrFuture, v.Header.Format,
			v.Header.Plimsoll, FormatVersion)
	}
	return nil
}

// count returns how many of flags are true.
func count(flags ...bool) int {
	n := 0
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}

// assemble puts the decoded records of a log together. end is the index of the first record that can't be decoded,
// len(payloads) where every one can. There must be at least one payload.
func assemble(payloads [][]byte) (c Contents, end int, err error) {
	if err := checkVersion(payloads[0]); err != nil {
		return c, 0, err
	}
	for i, b := range payloads {
		p, err := decode(b)
		if err != nil {
			return c, i, err
		}
		if err := c.add(p, i); err != nil {
			return c, i, err
		}
	}
	return c, len(payloads), nil
}

// add appends record i to c, where it belongs there.
func (c *Contents) add(p payload, i int) error {
	switch {
	case (p.Header != nil) != (i == 0):
		return errors.New("a header that is not the first record, or a first record that is no header")
	case p.Header != nil && p.Header.Format < 1:
		return fmt.Errorf("format %d, which there never was", p.Header.Format)
	case p.Header != nil:
		c.Header = *p.Header
	case p.Trial != nil && p.Trial.Number != len(c.Trials)+1:
		return fmt.Errorf("trial %d where trial %d belongs", p.Trial.Number, len(c.Trials)+1)
	case p.Trial != nil:
		c.Trials, c.Result, c.Beside = append(c.Trials, *p.Trial), nil, nil
	case len(p.Beside) > 0 && c.Result == nil:
		return errors.New("a verdict on coexistence without a result before it")
	case len(p.Beside) > 0:
		c.Beside = p.Beside
	default:
		c.Result = p.Result
	}
	return nil
}
