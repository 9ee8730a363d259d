package snapshot

import (
	"strings"
	"testing"
)

func TestDocuments(t *testing.T) {
	const one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	for _, c := range []struct {
		name, text string
		objects    int
		err        string
	}{
		{"one", one, 1, ""},
		{"none", "# comment\n\n---\n---\n", 0, ""},
		{"two", one + "---\n" + one, 2, ""},
		{"content beside the mark", "--- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", 1, ""},
		{"an end mark", one + "...\n---\n" + one, 2, ""},
		{"dashes within a text", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    y\n", 1, ""},
		{"a list", "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(one), "\n", "\n  ") + "\n", 1, ""},
		{"a typed list", "apiVersion: v1\nkind: ConfigMapList\nitems: []\n", 0, ""},
		{"JSON", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`, 1, ""},
		{"null", "---\nnull\n", 0, ""},
		{"the second is bad", one + "---\n# a\nkind: [\n", 0, "f: document 2, line 6"},
		{"no kind", "\n\na: 1\n", 0, "f: document 1, line 1: no Kubernetes object"},
		{"no apiVersion", "kind: Pod\n", 0, "a Pod without apiVersion"},
		{"a list of nothing", "- 1\n", 0, "a mapping with apiVersion"},
		{"a key twice", "kind: Pod\nkind: Pod\n", 0, "line 2"},
		{"Helm", "kind: {{ .Kind }}\n", 0, "helm template"},
		{"a bad amount", "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {cpu: many}}\n", 0, `spec.hard.cpu: "many" is no quantity`},
	} {
		objects, err := Documents("f", []byte(c.text))
		switch {
		case c.err == "" && (err != nil || len(objects) != c.objects):
			t.Errorf("%s: %d objects, %v; want %d", c.name, len(objects), err, c.objects)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		}
	}
}

// The text of a Secret never gets into an error.
func TestDocumentsKeepSecrets(t *testing.T) {
	_, err := Documents("f", []byte("apiVersion: v1\nstringData: {token: hunter2}\n"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// Whatever the bytes are, there is an error or snapshots, and no panic.
func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{"", "---", "apiVersion: v1\nkind: List\nitems: 1\n", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a}]}}}\n",
		"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {metrics: [{type: Pods}]}\n", "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nspec: {triggers: [1]}\n",
		"apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nspec: {resourcePolicy: {containerPolicies: [{minAllowed: 1}]}}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		objects, err := Documents("f", text)
		if err != nil {
			return
		}
		all, err := FromObjects(objects)
		if (err == nil) == (len(all) == 0) {
			t.Errorf("%d snapshots, %v", len(all), err)
		}
	})
}
