// Package lint holds the rules of the house that no linter knows, as tests: what may import what, which names are not
// used, how long a file or a function may be, that no package keeps state, that what is exported is explained, and
// that links in the documents lead somewhere. `make lint` runs them beside gofmt, go vet and staticcheck.
package lint
