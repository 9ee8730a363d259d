package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	generate "github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"
)

// generated is the JSON Schema of report.json, made from the types and their comments.
func generated(t *testing.T) []byte {
	t.Helper()
	r := generate.Reflector{AllowAdditionalProperties: true}
	const module = "github.com/plimsoll/plimsoll"
	for _, folder := range []string{"scenarios", "tuner", "reports"} {
		if err := r.AddGoComments(module, "../"+folder, generate.WithFullComment()); err != nil {
			t.Fatal(err)
		}
	}
	// The comments are keyed by the path as given, which begins with "..".
	for key, comment := range r.CommentMap {
		if rest, ok := strings.CutPrefix(key, "github.com/plimsoll/"); ok {
			r.CommentMap[module+"/"+rest] = comment
		}
	}
	schema := r.Reflect(document{})
	schema.ID = "https://raw.githubusercontent.com/plimsoll/plimsoll/main/reports/schema.json"
	schema.Title = "Plimsoll report"
	nullable(reflect.TypeFor[document](), schema.Definitions, map[reflect.Type]bool{})
	b, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// nullable lets every pointer, slice and map that has no omitempty be null, which the generator leaves out.
func nullable(t reflect.Type, definitions generate.Definitions, done map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || done[t] {
		return
	}
	done[t] = true
	for f := range fields(t) {
		nullable(f.Type, definitions, done)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		definition := definitions[t.Name()]
		if definition == nil || definition.Properties == nil || strings.Contains(options, "omitempty") {
			continue
		}
		property, ok := definition.Properties.Get(name)
		if !ok || (f.Type.Kind() != reflect.Pointer && f.Type.Kind() != reflect.Slice && f.Type.Kind() != reflect.Map) {
			continue
		}
		description := property.Description
		property.Description = ""
		definition.Properties.Set(name, &generate.Schema{Description: description,
			AnyOf: []*generate.Schema{property, {Type: "null"}}})
	}
}

// fields yields the fields of t as encoding/json sees them: those of embedded structs are its own.
func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if !f.Anonymous && f.IsExported() && !yield(f) {
				return
			}
		}
	}
}

func TestSchemaIsCurrent(t *testing.T) {
	got := generated(t)
	if *update {
		if err := os.WriteFile("schema.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, []byte(Schema)) && !*update {
		t.Error("schema.json is not what the types say; run go test ./reports -update and read the diff")
	}
}

func TestJSONFollowsTheSchema(t *testing.T) {
	compiler := validate.NewCompiler()
	doc, err := validate.UnmarshalJSON(bytes.NewReader(generated(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range fixtures() {
		t.Run(name, func(t *testing.T) {
			value, err := validate.UnmarshalJSON(bytes.NewReader(render(t, JSON, r)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Error(err)
			}
		})
	}
}

// The golden files have three trials of the run, two seconds of each.
func TestJSON(t *testing.T) {
	for name, r := range map[string]Run{"derived": fixtureRun(), "checked": checkedRun()} {
		r.Trials = r.Trials[:min(3, len(r.Trials))]
		for i := range r.Trials {
			if s := r.Trials[i].Observation.Seconds; len(s) > 2 {
				r.Trials[i].Observation.Seconds = s[:2]
			}
		}
		golden(t, name+".json", render(t, JSON, r))
		golden(t, name+".yaml", render(t, YAML, r))
	}
}
