package scenarios

import (
	"fmt"
	"io"
)

// hidden is what stands in every output where a secret is.
const hidden = "(secret)"

// Secret is a value that no output, log or record may hold. Whatever prints or encodes it writes "(secret)"; only
// Reveal gives it away. The zero Secret is the empty text.
type Secret struct {
	// value is behind a pointer so that printing a struct that holds a Secret in an unexported field shows an address.
	value *string
}

// NewSecret wraps value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal tells whether both hold the same value.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

func (s Secret) String() string { return hidden }

// Format keeps every verb of fmt from printing the value.
func (s Secret) Format(out fmt.State, _ rune) { _, _ = io.WriteString(out, hidden) }

// MarshalText keeps every encoder from writing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
