package scenarios

import (
	"bytes"
	"encoding/json"
)

// schema is a JSON Schema (draft-07).
type schema map[string]any

// objectSchema describes a mapping by its table.
func objectSchema(fields []field) schema {
	properties, required := schema{}, []string{}
	for _, f := range fields {
		property := f.value.schema()
		property["description"] = f.doc
		if f.value.preset != nil && f.value.preset() != "" {
			property["description"] = f.doc + " Default: " + f.value.preset() + "."
		}
		properties[f.key] = property
		if f.required {
			required = append(required, f.key)
		}
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// variantSchema describes one variant of a mapping, told by its kind.
func variantSchema(v variant) schema {
	s := objectSchema(v.fields)
	s["description"] = v.doc
	s["properties"].(schema)["kind"] = schema{"const": v.kind, "description": v.doc}
	return s
}

// sourceSchema describes a source: a plain text, or where to get it from.
func sourceSchema() schema {
	var d sourceDraft
	return schema{"anyOf": []schema{anyText().schema, objectSchema(sourceFields(&d))}}
}

// Schema is the JSON Schema (draft-07) of a scenario file, for editors, made from the tables that Read goes by. What
// only Read can tell (values against each other, data files) it leaves open.
func Schema() []byte {
	s := objectSchema(fileFields(newDraft()))
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "Plimsoll scenario file"
	var out bytes.Buffer
	in := json.NewEncoder(&out)
	in.SetEscapeHTML(false)
	in.SetIndent("", " ")
	if err := in.Encode(s); err != nil {
		panic(err) // maps, lists and plain values always encode
	}
	return out.Bytes()
}
