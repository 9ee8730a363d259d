package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/plimsoll/plimsoll"

// root of the repository, from the folder of this test.
const root = "../.."

// file is one Go file of the repository. Files that a generator wrote are not read.
type file struct {
	// path and dir are relative to the root, with slashes; dir is "." for the root.
	path, dir string
	test      bool
	lines     int
	syntax    *ast.File
	fset      *token.FileSet
}

// at is path:line of a position in f.
func (f file) at(pos token.Pos) string { return f.path + ":" + strconv.Itoa(f.fset.Position(pos).Line) }

// imports of ours are relative to the module ("tuner"); those of others are whole ("golang.org/x/sys/unix").
func (f file) imports() (ours, others []string) {
	for _, spec := range f.syntax.Imports {
		name, _ := strconv.Unquote(spec.Path.Value) // the parser has seen to it that it is a string
		if rest, ok := strings.CutPrefix(name, module+"/"); ok {
			ours = append(ours, rest)
		} else {
			others = append(others, name)
		}
	}
	return ours, others
}

// paths of all files with the ending, relative to the root; caches, testdata and what is built are left out.
func paths(t *testing.T, ending string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && name != root && (base == "testdata" || base == "bin" || base == "node_modules" || base[0] == '.') {
			return fs.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(base, ending) {
			relative, err := filepath.Rel(root, name)
			found = append(found, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sources are all Go files of the repository.
func sources(t *testing.T) []file {
	t.Helper()
	var files []file
	fset := token.NewFileSet()
	for _, name := range paths(t, ".go") {
		source, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		syntax, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if ast.IsGenerated(syntax) {
			continue
		}
		files = append(files, file{path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			lines: strings.Count(string(source), "\n"), syntax: syntax, fset: fset})
	}
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	return files
}
