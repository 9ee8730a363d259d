package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/scenarios"
)

func (a *app) validateCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "validate -f scenarios.yaml",
		Short: "Check a scenario file: every mistake at once, with its line; nothing is started",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			file, _, err := a.readFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "%s is valid: %s workload %q, %d scenarios, %d SLOs\n",
				path, file.Workload.Kind, file.Workload.Name, len(file.Scenarios), len(file.SLOs))
			return nil
		},
	}
	c.Flags().StringVarP(&path, "file", "f", "scenarios.yaml", "the scenario file")
	return c
}

// readFile reads the scenario file at path and returns its text beside it. Every error is the user's.
func (a *app) readFile(path string) (scenarios.File, []byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return scenarios.File{}, nil, usage(fmt.Errorf("scenario file: %w; \"plimsoll init\" writes one", err))
	}
	file, err := scenarios.Read(path, text, scenarios.Environment{Dir: filepath.Dir(path), LookupEnv: a.lookupEnv})
	if err != nil {
		return scenarios.File{}, nil, usage(err)
	}
	return file, text, nil
}

// newHeader is the first record of a new run log.
func newHeader(text []byte, b *bench) runlog.Header {
	hash := sha256.Sum256(text)
	return runlog.Header{
		Plimsoll:   version(),
		RunID:      rand.Text()[:12],
		Started:    time.Now().UTC(),
		Simulated:  b.simulated,
		Machine:    machineOf(b),
		File:       b.file,
		FileSHA256: hex.EncodeToString(hash[:]),
		Goal:       b.goal,
		Around:     b.around,
	}
}
