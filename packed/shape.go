package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxDepth is how deep arrays and maps may be nested; a trial has eight levels.
const maxDepth = 32

var errShort = errors.New("a value ends beyond its record")

// checkShape walks b, which must hold exactly one MessagePack value, without taking memory for it. It is there because
// the decoder trusts the lengths it reads: an array of 4 billion elements in 5 bytes would be allocated, and arrays
// nested a million deep would overflow the stack. After it every element claimed is known to be there.
func checkShape(b []byte) error {
	var open [maxDepth]uint64 // values still to come in each enclosing array or map
	depth := 0
	for at := 0; at < len(b); {
		size, children, err := item(b[at:])
		if err != nil {
			return fmt.Errorf("at byte %d: %w", at, err)
		}
		at += size
		if children > uint64(len(b)-at) { // every value takes a byte at least
			return fmt.Errorf("at byte %d: %w", at, errShort)
		}
		if depth > 0 {
			open[depth-1]--
		}
		if children > 0 {
			if depth == maxDepth {
				return fmt.Errorf("at byte %d: nested over %d deep", at, maxDepth)
			}
			open[depth] = children
			depth++
		}
		for depth > 0 && open[depth-1] == 0 {
			depth--
		}
		if depth == 0 && at < len(b) {
			return fmt.Errorf("%d bytes follow the value", len(b)-at)
		}
	}
	if depth > 0 || len(b) == 0 {
		return errShort
	}
	return nil
}

// item measures the value at the start of b: its bytes without its children, and how many children it has.
func item(b []byte) (size int, children uint64, err error) {
	// The code's width of length (0, 1, 2 or 4 bytes), what that length counts, and the fixed bytes after it.
	c := b[0]
	switch {
	case c <= 0x7f || c >= 0xe0 || c == 0xc0 || c == 0xc2 || c == 0xc3: // small integers, nil, false, true
		return 1, 0, nil
	case c <= 0x8f:
		return 1, 2 * uint64(c&0x0f), nil
	case c <= 0x9f:
		return 1, uint64(c & 0x0f), nil
	case c <= 0xbf:
		return sized(b, 0, uint64(c&0x1f))
	}
	if fixed, ok := fixedSizes[c]; ok {
		return sized(b, 0, fixed)
	}
	width, ok := lengthWidths[c]
	if !ok || len(b) < 1+width {
		return 0, 0, errShort
	}
	n := length(b[1 : 1+width])
	switch {
	case c == 0xdc || c == 0xdd:
		return 1 + width, n, nil
	case c == 0xde || c == 0xdf:
		return 1 + width, 2 * n, nil
	case c >= 0xc7 && c <= 0xc9: // extensions have a byte of type
		return sized(b, width, n+1)
	}
	return sized(b, width, n)
}

// fixedSizes are the bytes after the code, for codes without a length.
var fixedSizes = map[byte]uint64{
	0xca: 4, 0xcb: 8, // float32, float64
	0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, // uint8 … uint64
	0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8, // int8 … int64
	0xd4: 2, 0xd5: 3, 0xd6: 5, 0xd7: 9, 0xd8: 17, // extensions with their byte of type
}

// lengthWidths are how many bytes of length follow the code.
var lengthWidths = map[byte]int{
	0xc4: 1, 0xc5: 2, 0xc6: 4, // bin
	0xc7: 1, 0xc8: 2, 0xc9: 4, // ext
	0xd9: 1, 0xda: 2, 0xdb: 4, // str
	0xdc: 2, 0xdd: 4, // array
	0xde: 2, 0xdf: 4, // map
}

// length reads a big-endian length of 1, 2 or 4 bytes.
func length(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	}
	return uint64(binary.BigEndian.Uint32(b))
}

// sized is the size of a code, width bytes of length and n bytes of content, if b has them.
func sized(b []byte, width int, n uint64) (int, uint64, error) {
	if n > uint64(len(b)-1-width) {
		return 0, 0, errShort
	}
	return 1 + width + int(n), 0, nil
}
