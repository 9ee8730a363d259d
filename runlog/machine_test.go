package runlog

import "testing"

func TestCPUModel(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"amd64":      {"processor\t: 0\nmodel name\t: AMD EPYC 7B13\nprocessor\t: 1\nmodel name\t: other\n", "AMD EPYC 7B13"},
		"arm64":      {"processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n", "ARM implementer 0x41 part 0xd40"},
		"half of it": {"CPU implementer\t: 0x41\n", ""},
		"nothing":    {"", ""},
	} {
		if got := cpuModel([]byte(c.text)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
