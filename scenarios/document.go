package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxSize of a scenario file, in bytes; nothing that a person wrote is near it.
const maxSize = 1 << 20

// maxDepth of nesting; the deepest value of the format is 8 deep.
const maxDepth = 64

// parseDocument turns the text of a file into the tree of its single YAML document. The node is nil where a problem
// makes the rest unreadable.
func parseDocument(file string, src []byte) (*yaml.Node, Errors) {
	if len(src) > maxSize {
		return nil, Errors{{File: file, Text: fmt.Sprintf("%d bytes; a scenario file has at most %d", len(src), maxSize)}}
	}
	if p, bad := unreadable(src); bad {
		p.File = file
		return nil, Errors{p}
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, Errors{{File: file, Text: err.Error()}}
	}
	var document, next yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) {
		return nil, Errors{{File: file, Line: 1, Column: 1, Text: "nothing in it; `plimsoll init` writes a file to start from"}}
	} else if err != nil {
		return nil, Errors{syntaxProblem(file, err)}
	}
	switch err := loader.Load(&next); {
	case errors.Is(err, io.EOF):
		return document.Content[0], nil
	case err != nil:
		return nil, Errors{syntaxProblem(file, err)}
	default:
		return nil, Errors{{File: file, Line: next.Line, Column: next.Column, Text: "a second YAML document; a scenario file is one document"}}
	}
}

// syntaxProblem gives an error of the YAML library the shape of ours.
func syntaxProblem(file string, err error) Problem {
	p := Problem{File: file, Line: 1, Column: 1, Text: "not YAML: " + err.Error()}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return p
	}
	p.Text = "not YAML: " + load.Message
	if load.ContextMsg != "" {
		p.Text = "not YAML: " + load.ContextMsg + ": " + load.Message
	}
	for _, mark := range []yaml.Mark{load.Mark, load.ContextMark} {
		if mark.Line > 0 && mark.Column > 0 {
			p.Line, p.Column = mark.Line, mark.Column
			break
		}
	}
	return p
}

// unreadable finds the first character that may not stand in a scenario file: what is not UTF-8, control characters,
// and line breaks that not every editor counts as such (all but LF and CR LF), so that the lines of messages are right.
func unreadable(src []byte) (Problem, bool) {
	line, column := 1, 1
	for rest := src; len(rest) > 0; column++ {
		r, size := utf8.DecodeRune(rest)
		p := Problem{Line: line, Column: column}
		switch {
		case r == utf8.RuneError && size <= 1:
			p.Text = "not UTF-8 text"
			return p, true
		case r == '\n':
			line, column = line+1, 0
		case r == '\ufeff' && len(rest) == len(src):
			column = 0
		case r == '\r' && !bytes.HasPrefix(rest, []byte("\r\n")), !allowedRune(r):
			p.Text = fmt.Sprintf("the character %U, which may not stand in a scenario file", r)
			return p, true
		}
		rest = rest[size:]
	}
	return Problem{}, false
}

// allowedRune follows the printable characters of YAML 1.2, section 5.1, without its line breaks other than CR and LF.
func allowedRune(r rune) bool {
	switch {
	case r == '\t' || r == '\r':
		return true
	case r < ' ' || (r >= 0x7f && r < 0xa0), r == '\u2028', r == '\u2029', r == '\ufeff', r >= 0xfffe && r <= 0xffff:
		return false
	}
	return true
}
