package snapshot

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Documents reads the objects of one file of YAML or JSON, in order: any number of documents, the items of lists one by
// one. Documents without content are passed over. The error names the file, the number of the document and the line.
func Documents(file string, text []byte) ([]unstructured.Unstructured, error) {
	var all []unstructured.Unstructured
	for i, d := range split(text) {
		objects, err := d.objects()
		for i := 0; err == nil && i < len(objects); i++ {
			err = readable(objects[i])
		}
		if err != nil {
			return nil, fmt.Errorf("%s: document %d, line %d: %w", file, i+1, d.lineOf(err), err)
		}
		all = append(all, objects...)
	}
	return all, nil
}

// document is the text of one, and the number of its first line in the file.
type document struct {
	text []byte
	line int
}

// split cuts a stream at its "---" and "..." lines.
func split(text []byte) []document {
	var all []document
	current := document{line: 1}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		mark := bytes.TrimRight(line, " \t\r\n")
		starts := bytes.Equal(mark, []byte("---")) || bytes.HasPrefix(line, []byte("--- ")) || bytes.HasPrefix(line, []byte("---\t"))
		if !starts && !bytes.Equal(mark, []byte("...")) {
			current.text = append(current.text, line...)
			continue
		}
		all = append(all, current)
		current = document{line: number + 1}
		if rest := bytes.TrimSpace(bytes.TrimPrefix(mark, []byte("---"))); starts && len(rest) > 0 {
			current = document{text: append(rest, '\n'), line: number}
		}
	}
	all = append(all, current)
	return withContent(all)
}

// withContent leaves out documents of nothing but comments and space.
func withContent(all []document) []document {
	var some []document
	for _, d := range all {
		for line := range bytes.Lines(d.text) {
			if t := bytes.TrimSpace(line); len(t) > 0 && t[0] != '#' {
				some = append(some, d)
				break
			}
		}
	}
	return some
}

// objects are what the document describes.
func (d document) objects() ([]unstructured.Unstructured, error) {
	text, err := yaml.YAMLToJSONStrict(d.text)
	if err != nil {
		if bytes.Contains(d.text, []byte("{{")) {
			return nil, fmt.Errorf("%w; this looks like a template of Helm: give the output of \"helm template\"", err)
		}
		return nil, err
	}
	if string(text) == "null" {
		return nil, nil
	}
	var o unstructured.Unstructured
	if err := o.UnmarshalJSON(text); err != nil {
		if text[0] != '{' {
			return nil, fmt.Errorf("no Kubernetes object: a mapping with apiVersion, kind and metadata is wanted")
		}
		return nil, fmt.Errorf("no Kubernetes object: %w", withoutJSON(err))
	}
	if o.GetAPIVersion() == "" {
		return nil, fmt.Errorf("no Kubernetes object: a %s without apiVersion", o.GetKind())
	}
	if !o.IsList() {
		return []unstructured.Unstructured{o}, nil
	}
	list, err := o.ToList()
	if err != nil {
		return nil, fmt.Errorf("a list that can't be read: %w", err)
	}
	return list.Items, nil
}

// withoutJSON is err without the object's whole text, which may hold secrets.
func withoutJSON(err error) error {
	text, _, _ := strings.Cut(err.Error(), " in '")
	return fmt.Errorf("%s", strings.TrimSpace(text))
}

var lineNumber = regexp.MustCompile(`line (\d+)`)

// lineOf is the line in the file that err speaks of, else that on which the document begins.
func (d document) lineOf(err error) int {
	at := lineNumber.FindStringSubmatch(err.Error())
	if at == nil {
		return d.line
	}
	n, convErr := strconv.Atoi(at[1])
	if convErr != nil {
		return d.line
	}
	return d.line + n - 1
}
