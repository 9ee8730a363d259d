package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// ErrNothingDerived is returned by Patch, Kubectl, Kustomize and HelmValues for a run that has no derived settings.
var ErrNothingDerived = errors.New("this search derived no limits, so there is nothing to apply")

// The fields of a workload that a patch sets, in YAML and in JSON.
type (
	patchBody struct {
		Spec patchSpec `yaml:"spec" json:"spec"`
	}
	patchSpec struct {
		Template patchTemplate `yaml:"template" json:"template"`
	}
	patchTemplate struct {
		Spec patchPod `yaml:"spec" json:"spec"`
	}
	patchPod struct {
		Containers []patchContainer `yaml:"containers" json:"containers"`
	}
	patchContainer struct {
		Name      string         `yaml:"name" json:"name"`
		Resources patchResources `yaml:"resources" json:"resources"`
	}
	// patchResources has null for what was set before and no longer is: a strategic merge removes it then.
	patchResources struct {
		Requests map[string]*string `yaml:"requests,omitempty" json:"requests,omitempty"`
		Limits   map[string]*string `yaml:"limits,omitempty" json:"limits,omitempty"`
	}
)

// Patch writes the derived settings as a strategic-merge patch for `kubectl patch --patch-file`. Only containers that
// were searched are in it. The error is ErrNothingDerived, or one of writing.
func Patch(w io.Writer, r Run) error {
	body, err := newPatch(r)
	if err != nil {
		return err
	}
	text, err := yamlText(body)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, provenance(r)+text)
	return err
}

// Kubectl is the one command that applies the derived settings. The error is ErrNothingDerived, or tells of a name that
// no object in a cluster can have: a command is there to be pasted, and must not do anything else.
func Kubectl(r Run) (string, error) {
	body, err := newPatch(r)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("write patch: %w", err)
	}
	o, err := objectOf(r)
	if err != nil {
		return "", err
	}
	command := fmt.Sprintf("kubectl patch %s --type strategic -p %s", shell(strings.ToLower(o.kind)+"/"+o.name), shell(string(b)))
	if r.File.Workload.Namespace != "" {
		command += " -n " + shell(r.File.Workload.Namespace)
	}
	if strings.ContainsFunc(command, dangerous) {
		return "", fmt.Errorf("no kubectl command for %q: a name holds control characters", o.name)
	}
	return command, nil
}

func newPatch(r Run) (patchBody, error) {
	result, _ := r.ended()
	var body patchBody
	for _, before := range r.Goal.Before {
		after, ok := result.Settings.Of(before.Container)
		if !ok || !searched(r.Goal, before.Container) {
			continue
		}
		body.Spec.Template.Spec.Containers = append(body.Spec.Template.Spec.Containers, patchContainer{
			Name: before.Container,
			Resources: patchResources{
				Requests: changes(before.CPURequest, after.CPURequest, before.MemoryRequest, after.MemoryRequest),
				Limits:   changes(before.CPULimit, after.CPULimit, before.MemoryLimit, after.MemoryLimit),
			},
		})
	}
	if len(body.Spec.Template.Spec.Containers) == 0 {
		return patchBody{}, ErrNothingDerived
	}
	return body, nil
}

func searched(g tuner.Goal, container string) bool {
	for _, s := range g.Limits {
		if s.Container == container {
			return true
		}
	}
	return false
}

// changes are the values to set; null for one that was set and no longer is.
func changes(cpuBefore, cpu scenarios.MilliCPU, memoryBefore, memory scenarios.Bytes) map[string]*string {
	all := map[string]*string{}
	if cpu > 0 {
		all["cpu"] = new(cpu.String())
	} else if cpuBefore > 0 {
		all["cpu"] = nil
	}
	if memory > 0 {
		all["memory"] = new(memory.String())
	} else if memoryBefore > 0 {
		all["memory"] = nil
	}
	return all
}

// shell quotes text as one word for a POSIX shell.
func shell(text string) string {
	plain := strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./_") == ""
	if plain && text != "" && !strings.HasPrefix(text, "-") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
