package scenarios

// schema is a JSON Schema (draft-07).
type schema map[string]any

// objectSchema describes a mapping by its table.
func objectSchema(fields []field) schema {
	properties, required := schema{}, []string{}
	for _, f := range fields {
		property := f.value.schema()
		property["description"] = f.doc
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
