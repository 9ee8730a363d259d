package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
)

// Environment is what a scenario file may refer to outside itself.
type Environment struct {
	// Dir is the folder that relative paths in the file start from: that of the file. Empty: the current one.
	Dir string
	// LookupEnv gives the value of an environment variable, and whether it is set. nil: none is.
	LookupEnv func(name string) (string, bool)
	// ReadFile gives the content of a file. nil: that of the file system, up to 256 MiB.
	ReadFile func(path string) ([]byte, error)
}

// maxDataSize of a file that a scenario file names, in bytes: data rows are held in memory.
const maxDataSize = 256 << 20

// readCapped reads a regular file that is not too large to hold.
func readCapped(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxDataSize:
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", path, info.Size(), maxDataSize)
	}
	return os.ReadFile(path)
}

func (e Environment) lookup(name string) (string, bool) {
	if e.LookupEnv == nil {
		return "", false
	}
	return e.LookupEnv(name)
}

// path is where a path in the file points to.
func (e Environment) path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.Dir, path)
}

func (e Environment) read(path string) ([]byte, error) {
	if e.ReadFile == nil {
		return readCapped(e.path(path))
	}
	return e.ReadFile(e.path(path))
}
