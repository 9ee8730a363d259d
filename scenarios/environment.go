package scenarios

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Environment is what a scenario file may refer to outside itself. The zero value has nothing: every reference is an
// error in the file.
type Environment struct {
	// Folder that relative paths in the file start from; empty: the current one.
	Folder string
	// Lookup gives the value of an environment variable, and whether it is set.
	Lookup func(name string) (string, bool)
	// ReadFile gives the content of a file.
	ReadFile func(path string) ([]byte, error)
}

// SystemEnvironment is that of this process, for a scenario file in folder.
func SystemEnvironment(folder string) Environment {
	return Environment{Folder: folder, Lookup: os.LookupEnv, ReadFile: readCapped}
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
	if e.Lookup == nil {
		return "", false
	}
	return e.Lookup(name)
}

// path is where a path in the file points to.
func (e Environment) path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.Folder, path)
}

func (e Environment) read(path string) ([]byte, error) {
	if e.ReadFile == nil {
		return nil, errors.New("files can't be read here")
	}
	return e.ReadFile(e.path(path))
}
