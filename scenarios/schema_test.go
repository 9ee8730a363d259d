package scenarios

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

func TestSchemaIsUpToDate(t *testing.T)    { golden(t, "schema.json", Schema()) }
func TestReferenceIsUpToDate(t *testing.T) { golden(t, "../docs/scenario-file.md", Reference()) }

// compiledSchema is the schema in the repository, as an editor would use it.
func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestSchemaAcceptsWhatIsRead(t *testing.T) {
	compiled := compiledSchema(t)
	for _, path := range append(goodFiles(t), "testdata/init_url.yaml", "testdata/init_command.yaml") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(asEditor(t, src)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// asEditor is the value of a document as an editor that goes by YAML 1.2 would see it.
func asEditor(t testing.TB, src []byte) any {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal(src, &document); err != nil {
		t.Fatal(err)
	}
	return plainValue(t, document.Content[0])
}

func plainValue(t testing.TB, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plainValue(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = plainValue(t, c)
		}
		return list
	}
	var value any
	if err := n.Decode(&value); err != nil || n.Tag == "!!timestamp" {
		return n.Value
	}
	if f, isFloat := value.(float64); isFloat && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return n.Value
	}
	return value
}

// beyondSchema are the malformed files whose problems only Read can tell: values against each other, other files, and
// what YAML's own syntax allows.
var beyondSchema = map[string]bool{
	"alias": true, "tag": true, "merge_key": true, "bounds": true, "duplicate_names": true, "requests_over_limits": true, "warmup_too_long": true,
	"slos_double": true, "nothing_to_tune": true, "start_without_limits": true, "external_with_tuning": true, "url_of_local": true,
	"kubernetes_without_port": true, "ports": true, "grpc_for_http": true, "grpc_hits": true, "templates": true,
	"budget": true, "budget_of_default": true, "carriage_return": true, "not_utf8": true, "control_character": true, "two_documents": true, "duplicate_keys": true,
}

func TestSchemaRefusesMalformedFiles(t *testing.T) {
	compiled := compiledSchema(t)
	refused := 0
	for _, path := range badFiles(t) {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := yaml.Unmarshal(src, &value); err != nil {
			continue // no editor gets as far as the schema
		}
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		switch err := compiled.Validate(value); {
		case err != nil:
			refused++
		case !beyondSchema[name]:
			t.Errorf("%s is valid by the schema", path)
		}
	}
	t.Logf("%d malformed files are refused by the schema too", refused)
}
