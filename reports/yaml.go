package reports

import (
	"bytes"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"
)

// YAML writes what JSON does, under the same names, as YAML.
func YAML(w io.Writer, r Run) error {
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		return err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(b.Bytes(), &node); err != nil {
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

// block takes the braces and the quotes of JSON off; the encoder quotes what needs it.
func block(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		n.Style = 0
	}
	for _, child := range n.Content {
		block(child)
	}
}
