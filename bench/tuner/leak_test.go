package main

import "testing"

// The same seed gives the same rows, and every target has a verdict.
func TestLeakRows(t *testing.T) {
	a, b := leakRows(1, 5), leakRows(1, 5)
	for i := range a {
		if *a[i].Value != *b[i].Value || *a[i].PeerValue != *b[i].PeerValue {
			t.Errorf("%s: %v, then %v", a[i].Name, *a[i].Value, *b[i].Value)
		}
		if (a[i].Target == "") != (a[i].Met == nil) {
			t.Errorf("%s: target %q, met %v", a[i].Name, a[i].Target, a[i].Met)
		}
	}
}
