package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every manifest set of testdata/compat: what is found, and the exit code. Those named bad-… are bad files, clean-… have
// nothing to find.
func TestCompatManifests(t *testing.T) {
	sets, err := filepath.Glob("testdata/compat/*.yaml")
	if err != nil || len(sets) < 40 {
		t.Fatalf("%d manifest sets, want 40 at least; %v", len(sets), err)
	}
	for _, path := range sets {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			got := plimsoll(t, nil, "compat", "-f", path)
			golden(t, "compat/"+name+".txt", fmt.Sprintf("exit %d\n%s%s", got.Code, got.Out, got.Err))
			switch {
			case strings.HasPrefix(name, "bad-") && (got.Code != 2 || got.Out != "" || !strings.Contains(got.Err, path)):
				t.Errorf("a bad file: exit code %d, want 2 and the name of the file: %s", got.Code, got.Err)
			case strings.HasPrefix(name, "clean-") && (got.Code != 0 || strings.Contains(got.Out, "error")):
				t.Errorf("a clean set: exit code %d: %s", got.Code, got.Out)
			}
			for _, secret := range []string{"hunter2"} {
				if strings.Contains(got.Out+got.Err, secret) {
					t.Errorf("the output holds %q of the manifest", secret)
				}
			}
		})
	}
}

func TestCompatFormats(t *testing.T) {
	for _, format := range compatOutputs() {
		t.Run(format, func(t *testing.T) {
			got := plimsoll(t, nil, "compat", "-f", "testdata/compat/r01-spiral.yaml", "-o", format)
			if got.Code != 1 || got.Err != "" {
				t.Errorf("exit code %d, %q; the format must not change them", got.Code, got.Err)
			}
			golden(t, "compat-"+format+".txt", got.Out)
		})
	}
}

// A directory is all its manifests; a workload narrows them.
func TestCompatDirectoryAndName(t *testing.T) {
	dir := t.TempDir()
	for name, from := range map[string]string{"a.yaml": "r08-free-vpa.yaml", "b.yml": "r12-rollout.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata/compat", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := plimsoll(t, nil, "compat", "-f", dir, "-o", "name"); strings.Count(got.Out, "R12") != 2 || strings.Count(got.Out, "R8 ") != 2 {
		t.Errorf("two files, each with a Deployment of that name: %+v", got)
	}
	for name, code := range map[string]int{"deploy/web": 0, "deployments/api": 0, "api": 0, "sts/db": 0, "sts/web": 2} {
		if got := plimsoll(t, nil, "compat", name, "-f", "testdata/compat/form-two-workloads.yaml"); got.Code != code {
			t.Errorf("%s: exit code %d, want %d: %s", name, got.Code, code, got.Err)
		}
	}
	for _, args := range [][]string{{"compat"}, {"compat", "-f", "none.yaml"}, {"compat", "-f", t.TempDir()}, {"compat", "web", "-o", "xml"}, {"compat", "deploy/web", "--run", "none.plimsoll"}} {
		if got := plimsoll(t, nil, args...); got.Code != 2 {
			t.Errorf("%v: exit code %d, want 2: %s", args, got.Code, got.Err)
		}
	}
}
