package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// YAML writes what JSON does, under the same names, as YAML.
func YAML(w io.Writer, r Run) error {
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		return err
	}
	return asYAML(w, b.Bytes())
}

// asYAML writes a JSON text as YAML, keys in the same order.
func asYAML(w io.Writer, text []byte) error {
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	block(&node)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(&node); err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	return e.Close()
}

// block takes the braces and the quotes of JSON off; the encoder quotes what needs it, and text of several lines becomes a
// block that can be copied.
func block(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && strings.Contains(n.Value, "\n") {
		n.Style = yaml.LiteralStyle
	}
	for _, child := range n.Content {
		block(child)
	}
}
