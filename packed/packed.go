// Package packed is MessagePack as Plimsoll writes it, in the run log and between its own programs: keys are the json
// names of the fields, unknown keys are skipped, and bytes that lie about their lengths take no memory.
package packed

import (
	"bytes"

	"github.com/vmihailenco/msgpack/v5"
)

// Encode returns v as MessagePack; equal values give equal bytes. The error is for a type that has no encoding.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := msgpack.NewEncoder(&b)
	e.SetCustomStructTag("json")
	e.SetSortMapKeys(true)
	e.UseCompactInts(true)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Decode reads the one value that b must be. Memory taken is at most a constant times len(b), whatever lengths b claims.
func Decode(b []byte, into any) error {
	if err := checkShape(b); err != nil {
		return err
	}
	d := msgpack.NewDecoder(bytes.NewReader(b))
	d.SetCustomStructTag("json")
	return d.Decode(into)
}
