package kube

import (
	"flag"
	"os"
	"testing"

	"github.com/plimsoll/plimsoll/test/kube"
)

var shared kube.Shared

// whole runs every test; without it those that take long skip, and `make test` stays within its time.
var whole = flag.Bool("whole", false, "run the tests that take long too")

// long skips a test that `make test` has no time for.
func long(t *testing.T) {
	t.Helper()
	if !*whole {
		t.Skip("it takes long: make e2e runs it")
	}
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	shared.Close()
	os.Exit(code)
}
