package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
)

// Read turns the text of a scenario file into a File with every default filled in. name stands in messages. The error
// is of type Errors and holds every problem of the file and of the data files it names; the File is then empty.
func Read(name string, src []byte, env Environment) (File, error) {
	root, problems := parseDocument(name, src)
	if len(problems) > 0 {
		return File{}, problems
	}
	r, d := newReader(name, env), newDraft()
	top := node{root, ""}
	if r.plain(top) {
		r.mapping(top, fileFields(d))
		r.finish(d)
	}
	if len(r.problems) > 0 {
		return File{}, r.problems.sorted(name)
	}
	return d.File, nil
}

// ReadFile reads the scenario file at path. Paths in it are relative to its folder, variables those of this process.
// The error is of type Errors where the file could be read and is not right.
func ReadFile(path string) (File, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxSize {
		return File{}, Errors{{File: path, Text: fmt.Sprintf("%d bytes; a scenario file has at most %d", info.Size(), maxSize)}}
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return File{}, fmt.Errorf("read scenario file: %w", err)
	}
	return Read(path, src, Environment{Dir: filepath.Dir(path), LookupEnv: os.LookupEnv})
}
