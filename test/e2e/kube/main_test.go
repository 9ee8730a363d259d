package kube

import (
	"os"
	"testing"

	"github.com/plimsoll/plimsoll/test/kube"
)

var shared kube.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	shared.Close()
	os.Exit(code)
}
