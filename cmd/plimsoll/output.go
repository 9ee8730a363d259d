package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/reports"
)

// outputs are the values of --output: FORMAT for standard output, FORMAT=FILE for a file.
type outputs struct {
	Given []string
	// HelmPath is where the values of a chart have the resources of a container.
	HelmPath string
	// Annotate is the file that annotations point to; empty where it is not known.
	Annotate string
	// Allowed are the names of the formats that the command can write, ascending; set by register.
	Allowed []string
}

// register adds the flags; allowed are the formats that the command can write.
func (o *outputs) register(c *cobra.Command, allowed []string) {
	o.Allowed = allowed
	c.Flags().StringArrayVarP(&o.Given, "output", "o", nil,
		"FORMAT for standard output, FORMAT=FILE for a file; may be repeated: "+strings.Join(allowed, ", "))
	if !slices.Contains(allowed, "helm-values") {
		return
	}
	c.Flags().StringVar(&o.HelmPath, "helm-path", "resources", "where helm-values puts the resources, keys joined by dots; {container} is the container's name")
}

// of are the outputs of a run over a scenario file.
func (o outputs) of(file string) outputs {
	o.Annotate = file
	return o
}

// format writes a run as one kind of report.
type format func(io.Writer, reports.Run) error

// formats are all kinds of report by the name that --output takes.
func (a *app) formats(helmPath string) map[string]format {
	return map[string]format{
		"table": func(w io.Writer, r reports.Run) error { return printed(a, w, r, reports.Text) },
		"wide":  func(w io.Writer, r reports.Run) error { return printed(a, w, r, reports.Wide) },
		"json":  reports.JSON, "yaml": reports.YAML, "name": reports.Name, "csv": reports.CSV, "markdown": reports.Markdown,
		"html": reports.HTML, "junit": reports.JUnit, "openmetrics": reports.OpenMetrics,
		"patch": reports.Patch, "kubectl": writeCommand, "kustomize": reports.Kustomize,
		"helm-values":      func(w io.Writer, r reports.Run) error { return reports.HelmValues(w, r, helmPath) },
		"load-performance": reports.GitLabLoad,
		"annotations": func(w io.Writer, r reports.Run) error {
			return reports.GitLabAnnotations(w, r, a.jobLink(filepath.Join(a.settings.ReportDir, "report.html")))
		},
	}
}

// formatNames are the names of all formats, ascending.
func formatNames() []string { return slices.Sorted(maps.Keys((&app{}).formats(""))) }

// checkFormats are the names of the formats of a check, ascending: it derives nothing that a patch could apply.
func checkFormats() []string {
	return slices.DeleteFunc(formatNames(), func(name string) bool {
		return slices.Contains([]string{"patch", "kubectl", "kustomize", "helm-values"}, name)
	})
}

// printed writes what is for people to read, in the colours and the width of the terminal that w is.
func printed[T any](a *app, w io.Writer, value T, write func(io.Writer, T, reports.Style) error) error {
	t := newTerminal(w, a.settings, a.lookupEnv)
	var b strings.Builder
	if err := write(&b, value, t.style); err != nil {
		return err
	}
	_, err := io.WriteString(w, t.wrap(b.String()))
	return err
}

func writeCommand(w io.Writer, r reports.Run) error {
	command, err := reports.Kubectl(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, command)
	return err
}

// jobLink is the address of a file among the artifacts of the GitLab job that this is; empty outside of one.
func (a *app) jobLink(path string) string {
	if job, ok := a.lookupEnv("CI_JOB_URL"); ok && job != "" && !filepath.IsAbs(path) {
		return job + "/artifacts/file/" + filepath.ToSlash(path)
	}
	return ""
}

// validate refuses formats that do not exist and two results on one standard output.
func (o outputs) validate() error {
	onOut := 0
	for _, given := range o.Given {
		name, file, toFile := strings.Cut(given, "=")
		if !slices.Contains(o.Allowed, name) || toFile && file == "" {
			return usage(fmt.Errorf("--output: %q given; allowed: one of %s, or one of them with =FILE", given, strings.Join(o.Allowed, ", ")))
		}
		if !toFile {
			onOut++
		}
	}
	if onOut > 1 {
		return usage(errors.New("--output: only one format can go to standard output; give the others a file, as in junit=junit.xml"))
	}
	return nil
}

// deliver writes the result to standard output in the format asked for, report.html and report.json into the report
// directory, the files asked for, and what GitHub Actions shows where this runs there. One that fails costs no other.
func (a *app) deliver(run reports.Run, o outputs) error {
	formats := a.formats(o.HelmPath)
	stdout, all := "table", []error{}
	files := []string{"html=" + filepath.Join(a.settings.ReportDir, "report.html"), "json=" + filepath.Join(a.settings.ReportDir, "report.json")}
	for _, given := range o.Given {
		if strings.Contains(given, "=") {
			files = append(files, given)
		} else {
			stdout = given
		}
	}
	if err := formats[stdout](a.Out, run); err != nil {
		all = append(all, fmt.Errorf("print the result: %w", err))
	}
	for _, f := range files {
		name, path, _ := strings.Cut(f, "=")
		all = append(all, writeWhole(path, run, formats[name]))
	}
	if !a.settings.Quiet && errors.Join(all...) == nil {
		to := a.Err
		if stdout == "table" || stdout == "wide" {
			to = a.Out
		}
		fmt.Fprintf(to, "\nreport: %s\n", filepath.Join(a.settings.ReportDir, "report.html"))
	}
	return errors.Join(append(all, a.tellGitHub(run, o.Annotate))...)
}

// tellGitHub writes the step summary and the annotations where this runs in GitHub Actions.
func (a *app) tellGitHub(run reports.Run, file string) error {
	var all []error
	if path, ok := a.lookupEnv("GITHUB_STEP_SUMMARY"); ok && path != "" {
		all = append(all, appendSummary(path, run))
	}
	if in, _ := a.lookupEnv("GITHUB_ACTIONS"); in == "true" {
		all = append(all, reports.GitHubAnnotations(unmuted(a.Err), run, file))
	}
	return errors.Join(all...)
}

func appendSummary(path string, run reports.Run) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("step summary: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		err = reports.GitHubSummary(f, run, info.Size())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("step summary: %w", err)
	}
	return nil
}
