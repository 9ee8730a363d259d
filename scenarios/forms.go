package scenarios

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// form is one way to write a single value.
type form[T comparable] struct {
	// words name it in a sentence: "a duration such as 200ms, 30s or 5m".
	words  string
	schema schema
	// parse's error says what was given and what is allowed.
	parse func(n *yaml.Node) (T, error)
	// text is the value as it would be written.
	text func(T) string
	// zeroIsValue is true where the zero T is a default worth showing, false where it means "none".
	zeroIsValue bool
}

// text is a string: what YAML reads as a number or a boolean has to be quoted.
func text() form[string] {
	return form[string]{
		words:  "text",
		schema: schema{"type": "string"},
		text:   func(s string) string { return s },
		parse: func(n *yaml.Node) (string, error) {
			if n.Tag != "!!str" {
				return "", fmt.Errorf("%s is read as %s; put it in quotes to make it text", n.Value, strings.TrimPrefix(n.Tag, "!!"))
			}
			return n.Value, nil
		},
	}
}

// anyText takes every scalar as the text that was written: 8080 and true need no quotes.
func anyText() form[string] {
	return form[string]{
		words:  "text",
		schema: schema{"type": []string{"string", "number", "boolean"}},
		text:   func(s string) string { return s },
		parse:  func(n *yaml.Node) (string, error) { return n.Value, nil },
	}
}

// matching is text of a certain shape.
func matching(words string, shape *regexp.Regexp) form[string] {
	f := text()
	plain := f.parse
	f.words, f.schema = words, schema{"type": "string", "pattern": shape.String()}
	f.parse = func(n *yaml.Node) (string, error) {
		s, err := plain(n)
		if err == nil && !shape.MatchString(s) {
			err = fmt.Errorf("%q is not %s", s, words)
		}
		return s, err
	}
	return f
}

// The shapes of names and paths. The schema has them too, so that editors and Read agree.
var (
	labelShape    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	nameShape     = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.]{0,62}$`)
	objectShape   = regexp.MustCompile(`^(deploy|deployment|sts|statefulset|ds|daemonset|rollout)/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)
	pathShape     = regexp.MustCompile(`^/[!-~]*$`)
	currencyShape = regexp.MustCompile(`^([A-Z]{3}|[$€£¥₹])$`)
	variableShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// label is a name that Kubernetes accepts for a container.
func label() form[string] {
	return matching("a name of small letters, digits and -, at most 63", labelShape)
}

// name is what scenarios and hits are called.
func name() form[string] {
	return matching("a name of letters, digits, -, _ and ., at most 63", nameShape)
}

// objectName is a workload object as kubectl names it.
func objectName() form[string] {
	return matching("an object such as deploy/web, sts/db, ds/agent or rollout/web", objectShape)
}

// choice is one of the words.
func choice[T ~string](words ...T) form[T] {
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = string(w)
	}
	return form[T]{
		words:  "one of " + strings.Join(plain, ", "),
		schema: schema{"enum": plain},
		text:   func(t T) string { return string(t) },
		parse: func(n *yaml.Node) (T, error) {
			if !slices.Contains(plain, n.Value) {
				return "", fmt.Errorf("%q is not one of %s", n.Value, hint(n.Value, plain))
			}
			return T(n.Value), nil
		},
	}
}

// hint lists what is allowed, with the word that was meant where one is near.
func hint(given string, allowed []string) string {
	list := strings.Join(allowed, ", ")
	if word, ok := nearest(given, allowed); ok {
		return fmt.Sprintf("%s; did you mean %q?", list, word)
	}
	return list
}

// whole is a whole number from low to high.
func whole(low, high int) form[int] {
	return form[int]{
		words:       fmt.Sprintf("a whole number from %d to %d", low, high),
		schema:      schema{"type": "integer", "minimum": low, "maximum": high},
		text:        strconv.Itoa,
		zeroIsValue: low == 0,
		parse: func(n *yaml.Node) (int, error) {
			v, err := strconv.Atoi(n.Value)
			if n.Tag == "!!str" && err == nil {
				return 0, fmt.Errorf("%q is text; write it without quotes", n.Value)
			}
			if err != nil || n.Tag != "!!int" || n.Value != strconv.Itoa(v) || v < low || v > high {
				return 0, fmt.Errorf("%q is not a whole number from %d to %d", n.Value, low, high)
			}
			return v, nil
		},
	}
}

// seed is any number that starts a random sequence.
func seed() form[uint64] {
	return form[uint64]{
		words:       "a whole number",
		schema:      schema{"type": "integer", "minimum": 0},
		text:        func(v uint64) string { return strconv.FormatUint(v, 10) },
		zeroIsValue: true,
		parse: func(n *yaml.Node) (uint64, error) {
			v, err := strconv.ParseUint(n.Value, 10, 64)
			if err != nil || n.Tag != "!!int" || n.Value != strconv.FormatUint(v, 10) {
				return 0, fmt.Errorf("%q is not a whole number from 0 to %d", n.Value, uint64(math.MaxUint64))
			}
			return v, nil
		},
	}
}

// number is a decimal number above low, up to high.
func number(low, high float64) form[float64] {
	return form[float64]{
		words:  fmt.Sprintf("a number above %.0f, up to %.0f", low, high),
		schema: schema{"type": "number", "exclusiveMinimum": low, "maximum": high},
		text:   func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) },
		parse: func(n *yaml.Node) (float64, error) {
			v, err := strconv.ParseFloat(n.Value, 64)
			if err != nil || (n.Tag != "!!int" && n.Tag != "!!float") || !(v > low && v <= high) {
				return 0, fmt.Errorf("%q is not a number above %.0f, up to %.0f", n.Value, low, high)
			}
			return v, nil
		},
	}
}

// yesNo is true or false.
func yesNo() form[bool] {
	return form[bool]{
		words:       "true or false",
		schema:      schema{"type": "boolean"},
		text:        strconv.FormatBool,
		zeroIsValue: true,
		parse: func(n *yaml.Node) (bool, error) {
			if n.Tag != "!!bool" || (n.Value != "true" && n.Value != "false") {
				return false, fmt.Errorf("%q is neither true nor false", n.Value)
			}
			return n.Value == "true", nil
		},
	}
}

// within is an error where v is outside of low to high.
func within[T cmp.Ordered](v, low, high T, given string, show func(T) string) error {
	if v < low || v > high {
		return fmt.Errorf("%q is out of range; from %s to %s is allowed", given, show(low), show(high))
	}
	return nil
}
