package scenarios

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// draft is a file as it is read: the File, and what is turned into parts of it at the end.
type draft struct {
	File
	tuning tuningDraft
	shapes []shapeDraft
}

// newDraft holds every default that does not depend on another value.
func newDraft() *draft {
	return &draft{
		File: File{
			Version:  1,
			Workload: defaultWorkload(),
			Traffic:  defaultTraffic(),
			Tuning:   defaultTuning(),
		},
		tuning: tuningDraft{
			limits: []string{"cpu", "memory"},
			bounds: Bounds{CPUMin: 50, CPUMax: 4000, MemoryMin: 16 * MiB, MemoryMax: 4 * GiB},
		},
	}
}

// fileFields is the top of the file.
func fileFields(d *draft) []field {
	return []field{
		{key: "version", value: scalar(&d.Version, version()), doc: "Version of this format."},
		must(field{key: "workload", value: variants(&d.Workload, "workload", func() []variant { return workloadVariants(&d.Workload) }),
			doc: "What is under test."}),
		must(field{key: "traffic", value: object(&d.Traffic, "traffic", func() []field { return trafficFields(&d.Traffic) }),
			doc: "What is sent to it."}),
		must(field{key: "scenarios", value: list(&d.shapes, 1, scenarioValue),
			doc: "The load shapes it is put under. Every shape is written in hits per second over all replicas."}),
		must(field{key: "slos", value: list(&d.SLOs, 1, sloValue),
			doc: "What must hold in every scenario. OOM kills and restarts fail a trial whether or not a line names them, unless a line allows some."}),
		{key: "tuning", value: object(&d.tuning, "tuning", func() []field { return tuningFields(&d.Tuning, &d.tuning) }),
			doc: "What the tuner may change and spend."},
	}
}

// version is the version of the format, of which there is one.
func version() form[int] {
	f := whole(1, 1)
	plain := f.parse
	f.words = "1"
	f.parse = func(n *yaml.Node) (int, error) {
		v, err := plain(n)
		if err != nil {
			err = fmt.Errorf("%q is not a version this plimsoll reads; 1 is", n.Value)
		}
		return v, err
	}
	return f
}
