package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"
)

// settings are the tool's own, the same for every command: flags over PLIMSOLL_* over the settings file over defaults.
type settings struct {
	// ReportDir is where run.plimsoll and the reports are written.
	ReportDir string
	// Color is auto, always or never. NO_COLOR (no-color.org) means never unless the flag says otherwise.
	Color string
	// Quiet leaves out progress; results and errors stay.
	Quiet bool
}

const settingsHelp = "settings file (default: plimsoll/settings.yaml in the user's configuration directory, where there is one)"

func (s *settings) register(root *cobra.Command) {
	f := root.PersistentFlags()
	f.String("report-dir", "plimsoll-report", "directory for the run log and the reports")
	f.String("color", "auto", "colour on standard error: auto, always or never")
	f.Bool("no-color", false, "the same as --color never")
	f.BoolP("quiet", "q", false, "no progress, only results and errors")
	f.String("settings", "", settingsHelp)
}

// load fills s in. Every problem is reported with the name, the value given and what is allowed.
func (s *settings) load(c *cobra.Command, lookupEnv func(string) (string, bool)) error {
	v := viper.New()
	flags := c.Root().PersistentFlags()
	if err := v.BindPFlags(flags); err != nil {
		return fmt.Errorf("bind flags: %w", err)
	}
	if err := readSettingsFile(v, flags.Lookup("settings").Value.String(), lookupEnv); err != nil {
		return usage(err)
	}
	get := func(key string) string {
		if value, ok := lookupEnv("PLIMSOLL_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))); ok && !flags.Changed(key) {
			return value
		}
		return v.GetString(key)
	}
	s.ReportDir, s.Color = get("report-dir"), get("color")
	noColor, err := parseBool("no-color", get("no-color"))
	if err != nil {
		return usage(err)
	}
	if s.Quiet, err = parseBool("quiet", get("quiet")); err != nil {
		return usage(err)
	}
	if value, ok := lookupEnv("NO_COLOR"); noColor || ok && value != "" && !flags.Changed("color") {
		s.Color = "never"
	}
	return s.validate()
}

func (s *settings) validate() error {
	switch s.Color {
	case "auto", "always", "never":
	default:
		return usage(fmt.Errorf("color: %q given; allowed: auto, always, never", s.Color))
	}
	if s.ReportDir == "" {
		return usage(fmt.Errorf("report-dir: empty; give a directory to write reports to"))
	}
	return nil
}

func parseBool(name, value string) (bool, error) {
	switch strings.ToLower(value) {
	case "true", "1", "yes":
		return true, nil
	case "false", "0", "no", "":
		return false, nil
	}
	return false, fmt.Errorf("%s: %q given; allowed: true, false", name, value)
}

// settingsKeys are what a settings file may hold; anything else in it is an error.
func settingsKeys() []string { return []string{"report-dir", "color", "no-color", "quiet"} }

// readSettingsFile adds the values of the settings file, where there is one, to v.
func readSettingsFile(v *viper.Viper, given string, lookupEnv func(string) (string, bool)) error {
	path := settingsPath(given, lookupEnv)
	if path == "" {
		return nil
	}
	file := viper.New()
	file.SetConfigFile(path)
	file.SetConfigType("yaml")
	if err := file.ReadInConfig(); err != nil {
		return fmt.Errorf("settings file: %w", err)
	}
	for _, key := range file.AllKeys() {
		if !slices.Contains(settingsKeys(), key) {
			return fmt.Errorf("settings file %s: unknown key %q; allowed: %s", path, key, strings.Join(settingsKeys(), ", "))
		}
	}
	return v.MergeConfigMap(file.AllSettings())
}

// settingsPath is the file given by flag or PLIMSOLL_SETTINGS, else the user's own where it exists, else "".
func settingsPath(given string, lookupEnv func(string) (string, bool)) string {
	if given != "" {
		return given
	}
	if path, _ := lookupEnv("PLIMSOLL_SETTINGS"); path != "" {
		return path
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "" // no home: no settings file
	}
	path := filepath.Join(dir, "plimsoll", "settings.yaml")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
