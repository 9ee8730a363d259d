package lint

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	mostFileLines     = 500
	mostFunctionLines = 70
)

// tooLong are the functions and files that may be longer, each with its reason.
var tooLong = map[string]string{}

func TestFilesAndFunctionsFit(t *testing.T) {
	for _, f := range sources(t) {
		if f.lines > mostFileLines && tooLong[f.path] == "" {
			t.Errorf("%s has %d lines, %d is the end", f.path, f.lines, mostFileLines)
		}
		for _, decl := range f.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if lines > mostFunctionLines && tooLong[f.dir+"."+fn.Name.Name] == "" {
				t.Errorf("%s: %s has %d lines, %d is the end", f.at(fn.Pos()), fn.Name.Name, lines, mostFunctionLines)
			}
		}
	}
}

// vague names say nothing of what is behind them.
var vague = []string{"util", "utils", "common", "helper", "helpers", "manager", "types", "misc", "pkg", "base", "lib"}

// vagueName finds the same in the names of types and functions, and the prefix Get, which Go does without.
var vagueName = regexp.MustCompile(`Manager|Helper|Util([A-Z]|s?$)|Factory|^Get[A-Z]`)

func TestNamesSayWhatIsMeant(t *testing.T) {
	for _, f := range sources(t) {
		parts := append(strings.Split(f.dir, "/"), strings.TrimSuffix(strings.TrimSuffix(path.Base(f.path), ".go"), "_test"))
		for _, part := range parts {
			if slices.Contains(vague, part) {
				t.Errorf("%s: %q says nothing of what is in it", f.path, part)
			}
		}
		for _, id := range declared(f) {
			if vagueName.MatchString(id.Name) {
				t.Errorf("%s: the name %s says nothing of what it is", f.at(id.Pos()), id.Name)
			}
		}
	}
}

// declared are the names of the functions, methods and types of a file.
func declared(f file) []*ast.Ident {
	var names []*ast.Ident
	for _, decl := range f.syntax.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			names = append(names, decl.Name)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					names = append(names, spec.Name)
				}
			}
		}
	}
	return names
}

// What is exported is explained, in every package that another one can import.
func TestExportedIsExplained(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.syntax.Name.Name == "main" {
			continue
		}
		for _, decl := range f.syntax.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Name.IsExported() && decl.Doc == nil && !selfEvident(decl) {
					t.Errorf("%s: %s has no comment", f.at(decl.Pos()), decl.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if id, explained := spelled(spec); id != nil && !explained && decl.Doc == nil {
						t.Errorf("%s: %s has no comment", f.at(id.Pos()), id.Name)
					}
				}
			}
		}
	}
}

// selfEvident methods are those of the interfaces everyone knows, and those of types that are not exported.
func selfEvident(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return false
	}
	receiver := fn.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if id, ok := receiver.(*ast.Ident); ok && !id.IsExported() {
		return true
	}
	return slices.Contains([]string{"Error", "Unwrap", "String", "Len", "Less", "Swap", "Read", "Write"}, fn.Name.Name)
}

// spelled is the first exported name of a spec, nil where there is none, and whether the spec has a comment.
func spelled(spec ast.Spec) (*ast.Ident, bool) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			return spec.Name, spec.Doc != nil || spec.Comment != nil
		}
	case *ast.ValueSpec:
		for _, id := range spec.Names {
			if id.IsExported() {
				return id, spec.Doc != nil || spec.Comment != nil
			}
		}
	}
	return nil, false
}
