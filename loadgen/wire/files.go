package wire

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
)

// file is one file that the traffic names: certificates, keys and .proto files.
type file struct {
	// Root numbers the folder it lay in, in the order of folders; Path is its path in it, with slashes.
	Root  int    `json:"root"`
	Path  string `json:"path"`
	Bytes []byte `json:"bytes"`
}

// folders are those that the files of t lie in: one for TLS, then one for each import path and each .proto file.
func folders(t scenarios.Traffic) []string {
	if t.GRPC == nil {
		return nil
	}
	all := append([]string{}, t.GRPC.ImportPaths...)
	for _, f := range t.GRPC.ProtoFiles {
		all = append(all, filepath.Dir(f))
	}
	return all
}

// collect reads the files that t names, and every .proto file below its import paths: which of them are imported is
// known only to who compiles them. The error is for a file that can't be read.
func collect(t scenarios.Traffic) ([]file, error) {
	var all []file
	for i, path := range []string{t.TLS.CAFile, t.TLS.CertFile, t.TLS.KeyFile} {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a file of the traffic: %w", err)
		}
		all = append(all, file{Path: strconv.Itoa(i), Bytes: text})
	}
	for i, folder := range folders(t) {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".proto") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			below, err := filepath.Rel(folder, path)
			all = append(all, file{Root: i + 1, Path: filepath.ToSlash(below), Bytes: text})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the .proto files of the traffic: %w", err)
		}
	}
	return all, nil
}

// layDown writes the files into dir and points t to them. The error is for a path that leads out of its folder and for a
// dir that can't be written.
func layDown(files []file, dir string, t *scenarios.Traffic) error {
	root := func(i int) string { return filepath.Join(dir, strconv.Itoa(i)) }
	for _, f := range files {
		path := filepath.FromSlash(f.Path)
		if !filepath.IsLocal(path) {
			return fmt.Errorf("the plan of the load carries a file %q that lies outside its folder", f.Path)
		}
		path = filepath.Join(root(f.Root), path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("lay down a file of the traffic: %w", err)
		}
		if err := os.WriteFile(path, f.Bytes, 0o600); err != nil {
			return fmt.Errorf("lay down a file of the traffic: %w", err)
		}
	}
	for i, path := range []*string{&t.TLS.CAFile, &t.TLS.CertFile, &t.TLS.KeyFile} {
		if *path != "" {
			*path = filepath.Join(root(0), strconv.Itoa(i))
		}
	}
	if t.GRPC == nil {
		return nil
	}
	moved := *t.GRPC
	moved.ImportPaths, moved.ProtoFiles = nil, nil
	for i := range t.GRPC.ImportPaths {
		moved.ImportPaths = append(moved.ImportPaths, root(i+1))
	}
	for i, path := range t.GRPC.ProtoFiles {
		moved.ProtoFiles = append(moved.ProtoFiles, movedProto(path, i, *t.GRPC, root))
	}
	t.GRPC = &moved
	return nil
}

// movedProto is where the i-th .proto file lies now: below the same import path as before, where it was below one, so
// that it keeps the name by which others import it.
func movedProto(path string, i int, g scenarios.GRPC, root func(int) string) string {
	for r, folder := range g.ImportPaths {
		if below, err := filepath.Rel(folder, path); err == nil && filepath.IsLocal(below) {
			return filepath.Join(root(r+1), below)
		}
	}
	return filepath.Join(root(len(g.ImportPaths)+i+1), filepath.Base(path))
}
