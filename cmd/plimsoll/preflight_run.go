package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cluster/preflight"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload/kube"
)

// ready is the preflight of a run: what it will lack, or, before anything is touched, an error that says what makes it
// impossible and what would mend that.
func (r *clusterRun) ready(ctx context.Context, file scenarios.File) ([]preflight.Missing, error) {
	w := file.Workload
	q := r.load.question(r.client, w, file.Traffic.URL)
	switch r.metrics.From {
	case metricsReader:
		q.Needed = append(q.Needed, preflight.Reader)
	case metricsProxy:
		q.Needed = append(q.Needed, preflight.Proxy)
	}
	if r.OnCopy {
		q.Needed = append(q.Needed, preflight.Copy)
		q.Name += kube.CopySuffix
	}
	report, err := preflight.Run(ctx, r.client, q)
	if err != nil {
		return nil, exitError{exitNotMeasured, err}
	}
	missing := slices.DeleteFunc(report.Missing(), func(m preflight.Missing) bool { return !r.concerns(m, q.Needed) })
	var blocks []string
	for _, m := range missing {
		if m.Mode == preflight.Resize {
			r.InPlace = false
		}
		if m.Blocks {
			blocks = append(blocks, m.What+"\n    "+m.Fix)
		}
	}
	if len(blocks) > 0 {
		return nil, exitError{exitNotMeasured, fmt.Errorf("this run needs what is not granted in namespace %s; nothing was changed\n  %s\n"+
			"  plimsoll preflight %s -n %s tells the rest", w.Namespace, strings.Join(blocks, "\n  "), w.Object, w.Namespace)}
	}
	if r.metrics.From == metricsReader && !report.Answers(preflight.Reader) {
		return nil, usage(errors.New("--metrics reader: " + report.Lacking(preflight.Reader) + "; nothing was changed"))
	}
	return missing, nil
}

// concerns is true for what this run would use: it needs it, or does better with it.
func (r *clusterRun) concerns(m preflight.Missing, needed []preflight.Mode) bool {
	switch m.Mode {
	case preflight.Nodes:
		return true
	case preflight.Resize:
		return r.InPlace
	case preflight.Reader:
		return r.counters == metricsReader || r.counters == metricsServer
	}
	return slices.Contains(needed, m.Mode)
}

// warningsOf are gaps as warnings of a result.
func warningsOf(missing []preflight.Missing) []string {
	var all []string
	for _, m := range missing {
		all = append(all, fmt.Sprintf("this result is without %s; what would bring it: %s", m.What, strings.TrimSpace(m.Fix)))
	}
	return all
}
