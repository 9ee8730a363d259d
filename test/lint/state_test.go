package lint

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
	"testing"
)

// stamped are the variables the linker writes: `make build` gives the version.
var stamped = []string{"cmd/plimsoll.buildVersion"}

// No package keeps state: what a function needs is handed to it. Package variables hold sentinel errors, tables,
// compiled expressions and embedded files, none of them written to after their declaration.
func TestNoPackageState(t *testing.T) {
	packages := map[string][]file{}
	for _, f := range sources(t) {
		if !f.test {
			packages[f.dir] = append(packages[f.dir], f)
		}
	}
	for _, files := range packages {
		for _, f := range files {
			for _, complaint := range state(f) {
				t.Error(complaint)
			}
		}
		for _, complaint := range written(files) {
			t.Error(complaint)
		}
	}
}

// state finds init functions and package variables that begin empty, and so can only be filled later.
func state(f file) []string {
	var found []string
	for _, decl := range f.syntax.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			found = append(found, f.at(fn.Pos())+": func init runs behind everyone's back")
		}
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.VAR {
			continue
		}
		for _, spec := range group.Specs {
			spec := spec.(*ast.ValueSpec)
			name := spec.Names[0].Name
			if len(spec.Values) > 0 || embedded(group, spec) || slices.Contains(stamped, f.dir+"."+name) {
				continue
			}
			found = append(found, f.at(spec.Pos())+": package variable "+name+" has no value, so it is state")
		}
	}
	return found
}

// embedded is true for a variable under a //go:embed line.
func embedded(group *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, comments := range []*ast.CommentGroup{group.Doc, spec.Doc} {
		if comments == nil {
			continue
		}
		for _, line := range comments.List {
			if strings.HasPrefix(line.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// written finds writes to package variables: assignments to them, to their fields and elements, and their addresses.
func written(files []file) []string {
	info := resolve(files)
	var found []string
	for _, f := range files {
		check := func(e ast.Expr, what string) {
			id := base(e)
			if id == nil {
				return
			}
			v, ok := info.Uses[id].(*types.Var)
			if ok && v.Parent() != nil && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
				found = append(found, f.at(e.Pos())+": package variable "+id.Name+" is "+what)
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, left := range n.Lhs {
					check(left, "written to")
				}
			case *ast.IncDecStmt:
				check(n.X, "written to")
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					check(n.X, "handed out by its address")
				}
			}
			return true
		})
	}
	return found
}

// base is the variable that an expression such as table[1].field begins with; nil where it begins with none.
func base(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// resolve tells which variable a name means. Imports are not followed, so what depends on them stays unknown; the
// package's own variables do not.
func resolve(files []file) *types.Info {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	var syntax []*ast.File
	for _, f := range files {
		syntax = append(syntax, f.syntax)
	}
	config := types.Config{Importer: empty{}, Error: func(error) {}, FakeImportC: true}
	_, _ = config.Check(files[0].dir, files[0].fset, syntax, info) // errors are those of the imports
	return info
}

// empty imports every package as one without content.
type empty struct{}

func (empty) Import(name string) (*types.Package, error) {
	p := types.NewPackage(name, path.Base(name))
	p.MarkComplete()
	return p, nil
}
