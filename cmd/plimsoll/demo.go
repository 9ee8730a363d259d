package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload/local"
)

func (a *app) demoCommand() *cobra.Command {
	var o tuneOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "Derive the limits of the bundled demo service: tune over the example file",
		Long: `Exactly "plimsoll tune" over the example file scenarios.yaml and the demo service built beside it
("make demo" builds both). Where no cgroup can be written it falls back to a model of that service, and says so.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), o) },
	}
	o.register(c)
	return c
}

func (a *app) demo(ctx context.Context, o tuneOptions) error {
	file, text, err := a.readFile(o.File)
	if err != nil {
		return err
	}
	if err := o.apply(&file.Tuning); err != nil {
		return err
	}
	b, err := a.open(ctx, file, o.Cluster)
	if errors.Is(err, local.ErrNoCgroup) {
		a.notice(fmt.Sprintf("SIMULATED: no cgroup can be written here, so a model of the demo service is measured instead\n  (%v)", err))
		file.Workload.Kind = scenarios.Simulated
		file.Workload.Simulated = demoModel()
		b, err = openSimulated(file), nil
	}
	if err != nil {
		return err
	}
	return a.search(ctx, o, text, b)
}

// demoModel has the needs of the demo service at its defaults; demo/main.go has the arithmetic.
func demoModel() *scenarios.SimulatedService {
	return &scenarios.SimulatedService{
		CPUPerHit:    1550 * time.Microsecond,
		StartupCPU:   200 * time.Millisecond,
		MemoryBase:   13 * scenarios.MiB,
		MemoryPerHit: 128 * scenarios.KiB,
		MemoryCache:  64 * scenarios.MiB,
		Noise:        0.05,
		Seed:         1,
	}
}
