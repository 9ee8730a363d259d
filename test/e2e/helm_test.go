package e2e

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll/plimsoll/test/chart"
)

// podOf is the part of a Deployment, and of a patch of one, that has resources.
type podOf struct {
	Spec struct {
		Template struct {
			Spec struct {
				Containers []struct {
					Name      string
					Resources map[string]map[string]any
				}
			}
		}
	}
}

func (p podOf) resources(t *testing.T, container string) map[string]map[string]any {
	t.Helper()
	for _, c := range p.Spec.Template.Spec.Containers {
		if c.Name == container {
			return c.Resources
		}
	}
	t.Fatalf("no container %s in %+v", container, p)
	return nil
}

// withoutNull is what is left of resources when a merge has removed what is null.
func withoutNull(resources map[string]map[string]any) map[string]map[string]any {
	for _, list := range resources {
		for name, value := range list {
			if value == nil {
				delete(list, name)
			}
		}
	}
	return resources
}

// A chart rendered by Helm with the values of a search has what the patch of that search sets, a limit that goes is gone
// although the chart has one of its own, and the other container is left alone.
func TestHelmValues(t *testing.T) {
	for name, tuning := range map[string]string{"both limits": "", "no CPU limit": "qos: no-cpu-limit, "} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			text, err := os.ReadFile(filepath.Join(s.dir, "scenarios.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			s.write(t, "scenarios.yaml", strings.Replace(string(text), "tuning:\n  ", "tuning:\n  "+strings.ReplaceAll(tuning, ", ", "\n  "), 1))
			if code, printed := s.run(t, "sh", "plimsoll tune --quiet -o helm-values=values.yaml --helm-path '{container}.resources' -o patch=patch.yaml"); code != 0 {
				t.Fatalf("exit code %d\n%s", code, printed)
			}
			var patch, rendered podOf
			decode(t, filepath.Join(s.dir, "patch.yaml"), &patch)
			manifest := chart.Render(t, "model", filepath.Join(s.dir, "values.yaml"))
			if err := yaml.Unmarshal([]byte(manifest), &rendered); err != nil {
				t.Fatal(err)
			}
			want := withoutNull(patch.resources(t, "app"))
			if got := rendered.resources(t, "app"); !reflect.DeepEqual(got, want) {
				t.Errorf("the chart has %v, want %v:\n%s", got, want, manifest)
			}
			if _, limited := want["limits"]["cpu"]; limited != (tuning == "") || want["limits"]["memory"] == nil {
				t.Errorf("the search derived %v", want)
			}
			if got, want := rendered.resources(t, "side"), map[string]map[string]any{"limits": {"cpu": "50m", "memory": "40Mi"}}; !reflect.DeepEqual(got, want) {
				t.Errorf("the other container has %v, want %v", got, want)
			}
		})
	}
}
