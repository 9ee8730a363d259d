package reports

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// HelmContainer stands for the name of a container in the path of Helm values.
const HelmContainer = "{container}"

// HelmValues writes the derived settings as values of a Helm chart: the resources of each container at path, keys joined
// by dots, "{container}" in it being the container's name. The error is ErrNothingDerived, one of the path, or one of
// writing.
func HelmValues(w io.Writer, r Run, path string) error {
	body, err := newPatch(r)
	if err != nil {
		return err
	}
	containers := body.Spec.Template.Spec.Containers
	if len(containers) > 1 && !strings.Contains(path, HelmContainer) {
		return fmt.Errorf("values of %d containers do not fit at %q; put %s into the path", len(containers), path, HelmContainer)
	}
	values := map[string]any{}
	for _, c := range containers {
		if err := putAt(values, keysOf(path, c.Name), c.Resources); err != nil {
			return fmt.Errorf("path %q: %w", path, err)
		}
	}
	text, err := yamlText(values)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, provenance(r)+text)
	return err
}

// keysOf are the keys of a path for one container; a name with dots stays one key.
func keysOf(path, container string) []string {
	keys := strings.Split(path, ".")
	for i := range keys {
		keys[i] = strings.ReplaceAll(keys[i], HelmContainer, container)
	}
	return keys
}

// putAt puts value into nested maps at keys.
func putAt(into map[string]any, keys []string, value any) error {
	for i, key := range keys {
		if key == "" {
			return errors.New("an empty key; give keys joined by dots, as in web.resources")
		}
		if i == len(keys)-1 {
			into[key] = value
			return nil
		}
		next, ok := into[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			into[key] = next
		}
		into = next
	}
	return nil
}
