package scenarios

import (
	"regexp"
	"slices"
	"strings"
)

// runtimeVariables are the environment variables that tell a language runtime how much to take, each with the shape of
// what may be kept of its value. Lines of options may hold anything, passwords too: only the words that set a size are
// kept of them.
var runtimeVariables = map[string]*regexp.Regexp{
	"GOMEMLIMIT":        regexp.MustCompile(`^(off|[0-9]+([KMGT]iB|B)?)$`),
	"GOMAXPROCS":        regexp.MustCompile(`^[0-9]+$`),
	"GOGC":              regexp.MustCompile(`^(off|[0-9]+)$`),
	"WEB_CONCURRENCY":   regexp.MustCompile(`^[0-9]+$`),
	"JAVA_TOOL_OPTIONS": javaSize,
	"JDK_JAVA_OPTIONS":  javaSize,
	"_JAVA_OPTIONS":     javaSize,
	"NODE_OPTIONS":      regexp.MustCompile(`^--max[-_]old[-_]space[-_]size=[0-9]+$`),
}

var javaSize = regexp.MustCompile(`^(-Xmx[0-9]+[kKmMgGtT]?|-XX:MaxHeapSize=[0-9]+[kKmMgGtT]?|-XX:(Max|Min)RAMPercentage=[0-9.]+|-XX:ActiveProcessorCount=[0-9]+)$`)

// runtimeSizes are the runtime variables that a local container gets, its own or inherited from plimsoll, by name. What
// is marked secret is not among them.
func (r *reader) runtimeSizes(c *Container) map[string]string {
	sizes := map[string]string{}
	for name := range runtimeVariables {
		value, set := r.env.lookup(name)
		for _, v := range c.Env {
			if v.Name == name {
				value, set = v.Value.Reveal(), !v.Marked
			}
		}
		if size := RuntimeSize(name, value); set && size != "" {
			sizes[name] = size
		}
	}
	return sizes
}

// RuntimeSize is what may be kept of the environment variable name: the words of its value that set a size of a language
// runtime. Empty where there are none, and for every other variable.
func RuntimeSize(name, value string) string {
	shape, known := runtimeVariables[name]
	if !known {
		return ""
	}
	words := slices.DeleteFunc(strings.Fields(value), func(word string) bool { return !shape.MatchString(word) })
	return strings.Join(words, " ")
}
