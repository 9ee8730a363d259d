package scenarios

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files, the schema and the reference; read the difference")

// golden compares got with the file, or rewrites the file.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", path, diff)
	}
}

// badFiles are the malformed files of testdata, at least 30.
func badFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d malformed files, %v", len(files), err)
	}
	return files
}

// readTestFile reads a file of testdata under its base name, with the environment variables given.
func readTestFile(t *testing.T, path string, variables map[string]string) (File, error) {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) {
		value, set := variables[name]
		return value, set
	}
	return Read(filepath.Base(path), src, Environment{Dir: filepath.Dir(path), LookupEnv: lookup})
}

func TestMalformedFiles(t *testing.T) {
	for _, path := range badFiles(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			file, err := readTestFile(t, path, nil)
			var problems Errors
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("read without problems: %v", err)
			}
			if diff := cmp.Diff(File{}, file, cmp.Comparer(Secret.Equal)); diff != "" {
				t.Errorf("something is returned beside the problems:\n%s", diff)
			}
			if strings.Contains(err.Error(), "planted-secret") {
				t.Errorf("a secret stands in the message:\n%s", err)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".golden", []byte(err.Error()+"\n"))
		})
	}
}
