package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link is [text](target) of Markdown, pictures too.
var link = regexp.MustCompile(`\]\(([^)\s]+)[^)]*\)`)

// heading is a line such as "## The house".
var heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range paths(t, ".md") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file := filepath.Join(root, name)
			if target != "" {
				file = filepath.Join(root, filepath.Dir(name), target)
			}
			if problem := broken(file, anchor); problem != "" {
				t.Errorf("%s: %s: %s", name, found[1], problem)
			}
		}
	}
}

// broken says what is wrong with a link to a file and a heading in it; empty: nothing.
func broken(file, anchor string) string {
	if _, err := os.Stat(file); err != nil {
		return "there is no such file"
	}
	if anchor == "" || !strings.HasSuffix(file, ".md") {
		return ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	for _, h := range heading.FindAllStringSubmatch(string(text), -1) {
		if slug(h[1]) == anchor {
			return ""
		}
	}
	return "there is no such heading"
}

// slug is how forges name a heading in a link: lower case, words joined by hyphens, other marks left out.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, strings.ToLower(heading))
}
