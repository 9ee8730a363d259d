package scenarios

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// This file is the only one that turns amounts of CPU and memory into Kubernetes quantities and back.

// String gives m as Kubernetes writes it: 250 is "250m", 2000 is "2".
func (m MilliCPU) String() string {
	if m%1000 == 0 {
		return strconv.FormatInt(int64(m)/1000, 10)
	}
	return strconv.FormatInt(int64(m), 10) + "m"
}

// String gives b as Kubernetes writes it, exactly: with the largest of Gi, Mi and Ki that leaves a whole number,
// otherwise in bytes. 96·1024² is "96Mi", 1000 is "1000".
func (b Bytes) String() string {
	for _, u := range byteUnits {
		if b != 0 && b%u.size == 0 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// byteUnits from large to small.
var byteUnits = []struct {
	suffix string
	size   Bytes
}{{"Gi", GiB}, {"Mi", MiB}, {"Ki", KiB}}

// ParseMilliCPU reads a CPU amount: thousandths of a core ("250m") or cores with up to three decimals ("0.25", "2").
// The error says what is wrong with text and how to write it.
func ParseMilliCPU(text string) (MilliCPU, error) {
	number, milli := strings.CutSuffix(text, "m")
	scale := int64(1000)
	if milli {
		scale = 1
	}
	value, err := scaled(number, scale)
	switch {
	case errors.Is(err, errTooFine):
		return 0, fmt.Errorf("%q is finer than 1m, the smallest amount of CPU there is", text)
	case err != nil:
		return 0, fmt.Errorf("%q is not an amount of CPU; write it like 250m, 0.5 or 2", text)
	}
	return MilliCPU(value), nil
}

// ParseBytes reads a memory amount: a number with Ki, Mi or Gi ("96Mi", "1.5Gi"), or whole bytes. Decimal units (MB, M)
// are refused. The error says what is wrong with text and how to write it.
func ParseBytes(text string) (Bytes, error) {
	number, size := text, Bytes(1)
	for _, u := range byteUnits {
		if n, ok := strings.CutSuffix(text, u.suffix); ok {
			number, size = n, u.size
		}
	}
	value, err := scaled(number, int64(size))
	if err == nil {
		return Bytes(value), nil
	}
	if errors.Is(err, errTooFine) {
		return 0, fmt.Errorf("%q is not a whole number of bytes", text)
	}
	if unit, ok := decimalUnit(text); ok {
		return 0, fmt.Errorf("%q is in decimal units; write %s (1Mi is 1024² bytes)", text, unit)
	}
	return 0, fmt.Errorf("%q is not an amount of memory; write it like 96Mi, 1Gi or 64Ki", text)
}

// decimalUnit finds the binary unit that the writer of "100MB", "1g" or "64kb" most likely means.
func decimalUnit(text string) (string, bool) {
	number := strings.TrimRight(text, "kKmMgGbBiI ")
	if _, err := strconv.ParseFloat(number, 64); err != nil || number == text {
		return "", false
	}
	switch strings.ToLower(text[len(number):])[0] {
	case 'k':
		return "Ki", true
	case 'm':
		return "Mi", true
	case 'g':
		return "Gi", true
	}
	return "", false
}

var (
	errNoNumber = errors.New("not a number")
	errTooFine  = errors.New("not whole")
)

// scaled is number × scale, exactly. number is digits with an optional fraction, without sign or exponent.
func scaled(number string, scale int64) (int64, error) {
	whole, fraction, hasFraction := strings.Cut(number, ".")
	if !digits(whole) || (hasFraction && !digits(fraction)) || len(fraction) > 12 {
		return 0, errNoNumber
	}
	w, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || w > math.MaxInt64/scale {
		return 0, errNoNumber
	}
	sum := w * scale
	// Every digit of the fraction must come out whole: scale/10 of the first, scale/100 of the second and so on.
	unit, rest := int64(1), int64(0)
	for _, digit := range fraction {
		unit *= 10
		rest = rest*10 + int64(digit-'0')
	}
	part, over := rest*(scale/gcd(scale, unit)), unit/gcd(scale, unit)
	if part%over != 0 {
		return 0, errTooFine
	}
	if sum > math.MaxInt64-part/over {
		return 0, errNoNumber
	}
	return sum + part/over, nil
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
