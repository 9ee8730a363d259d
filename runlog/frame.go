package runlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// headSize is the length of a record before its payload, in bytes.
const headSize = 21

// MessagePack codes of a head, in order.
const (
	codeArray4 = 0x94
	codeUint32 = 0xce
	codeBin32  = 0xc6
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is the decoded front of a record.
type head struct {
	number, payloadSum uint32
	// length of the payload in bytes.
	length uint32
}

// sum is the checksum of the head itself.
func (h head) sum() uint32 {
	var b [12]byte
	binary.BigEndian.PutUint32(b[0:], h.number)
	binary.BigEndian.PutUint32(b[4:], h.payloadSum)
	binary.BigEndian.PutUint32(b[8:], h.length)
	return crc32.Checksum(b[:], castagnoli)
}

// frame returns the whole record for a payload. The error is for a payload over 4 GiB.
func frame(number uint32, payload []byte) ([]byte, error) {
	if len(payload) > math.MaxUint32 {
		return nil, fmt.Errorf("a record of %d bytes is over the %d that one may have", len(payload), uint32(math.MaxUint32))
	}
	h := head{number, crc32.Checksum(payload, castagnoli), uint32(len(payload))}
	b := make([]byte, 0, headSize+len(payload))
	b = append(b, codeArray4, codeUint32)
	b = binary.BigEndian.AppendUint32(b, h.number)
	b = append(b, codeUint32)
	b = binary.BigEndian.AppendUint32(b, h.payloadSum)
	b = append(b, codeUint32)
	b = binary.BigEndian.AppendUint32(b, h.sum())
	b = append(b, codeBin32)
	b = binary.BigEndian.AppendUint32(b, h.length)
	return append(b, payload...), nil
}

// parseHead reads the head at the start of b; ok is false where there is no whole and undamaged one.
func parseHead(b []byte) (h head, ok bool) {
	if len(b) < headSize || b[0] != codeArray4 || b[1] != codeUint32 || b[6] != codeUint32 || b[11] != codeUint32 ||
		b[16] != codeBin32 {
		return head{}, false
	}
	h = head{binary.BigEndian.Uint32(b[2:]), binary.BigEndian.Uint32(b[7:]), binary.BigEndian.Uint32(b[17:])}
	return h, binary.BigEndian.Uint32(b[12:]) == h.sum()
}

// laterHead reports whether any undamaged head of a record after number lies in b.
func laterHead(b []byte, number uint32) bool {
	for i := range b {
		if b[i] != codeArray4 {
			continue
		}
		if h, ok := parseHead(b[i:]); ok && h.number > number {
			return true
		}
	}
	return false
}

// split cuts a log into the payloads of its records. A torn or damaged last record is left out and described by
// repair; damage before it is a *DamageError.
func split(log []byte) (payloads [][]byte, repair *Repair, err error) {
	for offset := 0; offset < len(log); {
		rest, number := log[offset:], uint32(len(payloads))
		payload, reason := record(rest, number)
		if reason == "" {
			payloads = append(payloads, payload)
			offset += headSize + len(payload)
			continue
		}
		if laterHead(rest[1:], number) {
			return nil, nil, &DamageError{int64(offset), reason + ", and whole records follow"}
		}
		return payloads, &Repair{int64(offset), int64(len(rest)), reason}, nil
	}
	return payloads, nil, nil
}

// record returns the payload of the record at the start of b, or the reason why it can't be had.
func record(b []byte, number uint32) (payload []byte, reason string) {
	h, ok := parseHead(b)
	switch {
	case !ok && len(b) < headSize:
		return nil, fmt.Sprintf("record %d ends after %d bytes", number, len(b))
	case !ok:
		return nil, fmt.Sprintf("the head of record %d does not match its checksum", number)
	case h.number != number:
		return nil, fmt.Sprintf("record %d stands where record %d belongs", h.number, number)
	case int64(h.length) > int64(len(b)-headSize):
		return nil, fmt.Sprintf("record %d ends after %d of %d bytes", number, len(b), headSize+int64(h.length))
	}
	payload = b[headSize : headSize+int(h.length)]
	if crc32.Checksum(payload, castagnoli) != h.payloadSum {
		return nil, fmt.Sprintf("the payload of record %d does not match its checksum", number)
	}
	return payload, ""
}
