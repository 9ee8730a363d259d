// Render prints the manifests of a chart as `helm template RELEASE CHART -f VALUES …` does, without a cluster.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: render RELEASE CHART [VALUES …]")
		os.Exit(2)
	}
	if err := render(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func render(release, path string, files []string) error {
	chart, err := loader.Load(path)
	if err != nil {
		return err
	}
	merged := map[string]any{}
	for _, file := range files {
		values, err := chartutil.ReadValuesFile(file)
		if err != nil {
			return err
		}
		merged = chartutil.MergeTables(values, merged) // the later file wins
	}
	values, err := chartutil.ToRenderValues(chart, merged, chartutil.ReleaseOptions{Name: release, Namespace: "default"}, nil)
	if err != nil {
		return err
	}
	manifests, err := engine.Render(chart, values)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		fmt.Printf("---\n%s\n", manifests[name])
	}
	return nil
}
