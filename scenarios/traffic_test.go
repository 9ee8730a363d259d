package scenarios

import (
	"strings"
	"testing"
)

func TestCheckURL(t *testing.T) {
	for _, text := range []string{"http://a", "https://a.example:8443/base/", "http://127.0.0.1:80", "http://[::1]:8080"} {
		if err := CheckURL(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "a", "a:80", "ftp://a", "http://", "http://:80", "//a", "http://a?b", "http://a#b", "http://a/?", "http://me:pw@a", "http://a b", "http://a:port", "HTTP://a", "http://%zz"} {
		if CheckURL(text) == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	if err := CheckURL("http://me:planted@a"); strings.Contains(err.Error(), "planted") {
		t.Errorf("the password stands in the message: %v", err)
	}
}
