package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// serviceSweep is what is saved: a sweep holds only on the machine and for the scenario file it was made with.
type serviceSweep struct {
	Service    string         `json:"service"`
	Machine    runlog.Machine `json:"machine"`
	FileSHA256 string         `json:"scenario_file_sha256"`
	// Format is sweepFormat; a sweep saved in another one is made anew.
	Format int          `json:"format"`
	Limits []limitSweep `json:"limits"`
	// Within is how long the sweep of each limit might take.
	Within time.Duration `json:"within_ns"`
}

// sweepFormat counts what a saved sweep holds: 2 has the confirming soaks.
const sweepFormat = 2

// swept returns the saved sweep of a service where it was made on this machine with this file in no less time, and else makes one.
func swept(ctx context.Context, name, path string, again bool, within time.Duration) (serviceSweep, error) {
	file, sum, err := read(path)
	if err != nil {
		return serviceSweep{}, err
	}
	s := serviceSweep{Service: name, Machine: runlog.ThisMachine(), FileSHA256: sum, Format: sweepFormat, Within: within}
	saved := filepath.Join(".cache", "oracle", name+".json")
	if old, err := load(saved); err == nil && !again && old.Machine == s.Machine && old.FileSHA256 == s.FileSHA256 && old.Format == s.Format && old.Within >= within {
		fmt.Printf("%s: the sweep of this machine, from %s\n", name, saved)
		return old, nil
	}
	if err := s.sweep(ctx, file, func(tuner.Searched) bool { return true }); err != nil {
		return s, err
	}
	return s, s.save(saved)
}

// read reads the scenario file of a service, and its hash.
func read(path string) (file scenarios.File, sha256sum string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return scenarios.File{}, "", err
	}
	sum := sha256.Sum256(text)
	file, err = scenarios.Read(path, text, scenarios.Environment{Dir: filepath.Dir(path), LookupEnv: os.LookupEnv})
	return file, hex.EncodeToString(sum[:]), err
}

// sweep sweeps the limits that are wanted.
func (s *serviceSweep) sweep(ctx context.Context, file scenarios.File, wanted func(tuner.Searched) bool) error {
	for _, limit := range tuner.NewGoal(file).Limits {
		if !wanted(limit) {
			continue
		}
		l, err := sweepLimit(ctx, file, limit, s.Within)
		if err != nil {
			return fmt.Errorf("%s %s: %w", limit.Container, limit.Resource, err)
		}
		s.Limits = append(s.Limits, l)
	}
	return nil
}

func load(path string) (serviceSweep, error) {
	var s serviceSweep
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

func (s serviceSweep) save(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
