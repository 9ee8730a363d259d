package scenarios

import "go.yaml.in/yaml/v4"

// This file holds the ways to put values together; forms.go holds the scalars.

// scalar reads a single value of the form into to. What to holds beforehand is the default.
func scalar[T comparable](to *T, f form[T]) value {
	return value{
		to:     to,
		words:  f.words,
		schema: func() schema { return f.schema },
		preset: func() string {
			var zero T
			if *to == zero && !f.zeroIsValue {
				return ""
			}
			return f.text(*to)
		},
		read: func(r *reader, n node) bool {
			if n.Kind != yaml.ScalarNode {
				return r.problem(n, "%s; %s is needed", describe(n), f.words)
			}
			v, err := f.parse(n.Node)
			if err != nil {
				return r.problem(n, "%s", err)
			}
			*to = v
			return true
		},
	}
}

// object reads a mapping by a table. to is only the address that checks know it by.
func object(to any, title string, fields func() []field) value {
	return value{
		to:     to,
		words:  "a mapping",
		schema: func() schema { return objectSchema(fields()) },
		read:   func(r *reader, n node) bool { return r.mapping(n, fields()) },
		parts:  func() []part { return []part{{title, fields()}} },
	}
}

// list reads a list of at least least elements into to.
func list[T any](to *[]T, least int, of func(*T) value) value {
	one := func() value { return of(new(T)) }
	return value{
		to:    to,
		words: "a list, each entry " + one().words,
		schema: func() schema {
			return schema{"type": "array", "minItems": least, "items": one().schema()}
		},
		read: func(r *reader, n node) bool {
			if n.Kind != yaml.SequenceNode {
				return r.problem(n, "%s; a list is needed, each entry %s", describe(n), one().words)
			}
			if len(n.Content) < least {
				return r.problem(n, "%d entries; at least %d is needed", len(n.Content), least)
			}
			// Made in one piece: the reader knows values by their addresses.
			*to = make([]T, len(n.Content))
			ok := true
			for i := range *to {
				ok = r.value(of(&(*to)[i]), element(n, i)) && ok
			}
			return ok
		},
		parts: func() []part {
			if p := one().parts; p != nil {
				return p()
			}
			return nil
		},
	}
}

// optional reads into a new T, which to points to only where the key is given.
func optional[T any](to **T, of func(*T) value) value {
	v := of(new(T))
	v.to, v.preset = to, nil
	v.read = func(r *reader, n node) bool {
		*to = new(T)
		return r.value(of(*to), n)
	}
	return v
}

// variant is a mapping whose keys depend on its kind.
type variant struct {
	kind   string
	doc    string
	fields []field
}

// variants reads a mapping by the table that the key "kind" in it chooses. Every variant has its own row for that key.
func variants(to any, title string, tables func() []variant) value {
	return value{
		to:    to,
		words: "a mapping with a kind",
		schema: func() schema {
			var kinds []schema
			for _, v := range tables() {
				kinds = append(kinds, variantSchema(v))
			}
			return schema{"oneOf": kinds}
		},
		read: func(r *reader, n node) bool {
			fields, known := choose(n, tables())
			if !known {
				fields = union(tables()) // the kind itself is reported by its own field
			}
			return r.mapping(n, fields)
		},
		parts: func() []part {
			var parts []part
			for _, v := range tables() {
				parts = append(parts, part{title + " of kind `" + v.kind + "`: " + v.doc, v.fields})
			}
			return parts
		},
	}
}

// choose finds the table for the kind that n states; known is false where it states none that there is.
func choose(n node, tables []variant) (fields []field, known bool) {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value != "kind" {
			continue
		}
		for _, v := range tables {
			if v.kind == n.Content[i+1].Value {
				return v.fields, true
			}
		}
	}
	return nil, false
}

// union is every field of any table, so that a mapping without a kind is read for its other problems too. None but the
// kind itself is required of it.
func union(tables []variant) []field {
	var all []field
	for _, t := range tables {
		for _, f := range t.fields {
			if _, double := lookup(all, f.key); !double {
				f.required = f.key == "kind"
				all = append(all, f)
			}
		}
	}
	return all
}
