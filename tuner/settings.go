package tuner

import "github.com/plimsoll/plimsoll/scenarios"

// Resource is CPU or memory.
type Resource string

// The two resources whose limits are searched.
const (
	CPU    Resource = "cpu"
	Memory Resource = "memory"
)

// ContainerSettings are the requests and limits of one container under test. 0 means "not set".
type ContainerSettings struct {
	Container string `json:"container"`
	scenarios.Resources
}

// Settings are the requests and limits under test, one entry per container in the order of the scenario file.
type Settings []ContainerSettings

// Of returns the entry of the named container; ok is false where there is none.
func (s Settings) Of(container string) (c ContainerSettings, ok bool) {
	for _, c := range s {
		if c.Container == container {
			return c, true
		}
	}
	return ContainerSettings{}, false
}

// Limit names one limit of one container: what a step may change at most one of.
type Limit struct {
	Container string   `json:"container"`
	Resource  Resource `json:"resource"`
}

// Change is what a step changes: one limit of one container, in millicores or bytes by its resource. 0 is "not set".
type Change struct {
	Limit
	From int64 `json:"from"`
	To   int64 `json:"to"`
}
