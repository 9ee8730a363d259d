package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/trial"
	"github.com/plimsoll/plimsoll/tuner"
)

// loadOptions are the flags of load.
type loadOptions struct {
	File, Scenario, Output, HDRLog string
	Rate                           float64
	Duration                       time.Duration
	Connections                    int
	Closed                         bool
	SLOs                           []string
}

func (a *app) loadCommand() *cobra.Command {
	var o loadOptions
	c := &cobra.Command{
		Use:   "load -f scenarios.yaml [URL] | load --rate 500 --duration 30s URL",
		Short: "Run a load alone, judge the SLOs that hits can answer, change nothing",
		Long: `Offers hits at planned instants, whatever the replies do (open loop), and prints response times from the
planned instant, service times from the actual start, what became of every hit, and whether the
generator kept its own schedule. Exits 1 when an SLO is missed, 3 when the run is invalid.`,
		Example: `  plimsoll load --rate 500 --duration 30s http://127.0.0.1:8080/
  plimsoll load --rate 500 --duration 30s --slo 'p99 < 50ms' http://127.0.0.1:8080/
  plimsoll load -f scenarios.yaml --scenario ramp http://127.0.0.1:8080
  plimsoll load --closed --connections 32 --duration 10s http://127.0.0.1:8080/`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.File != "" && (c.Flags().Changed("rate") || c.Flags().Changed("duration")) {
				return usage(errors.New("--rate and --duration are for a load without a file; with -f the file's scenario says both"))
			}
			return a.load(c.Context(), o, args)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.File, "file", "f", "", "scenario file with traffic, load shapes and SLOs")
	f.StringVar(&o.Scenario, "scenario", "", "scenario of the file (default: the first)")
	f.Float64Var(&o.Rate, "rate", 0, "hits per second, where there is no file")
	f.DurationVar(&o.Duration, "duration", 10*time.Second, "length, where there is no file")
	f.BoolVar(&o.Closed, "closed", false, "closed loop: each connection sends its next hit as soon as the last has ended")
	f.IntVar(&o.Connections, "connections", 0, "connections of a closed loop; in an open loop the cap on hits in flight (default 10000)")
	f.StringArrayVar(&o.SLOs, "slo", nil, `SLO such as "p99 < 200ms", beside those of the file; may be repeated`)
	f.StringVarP(&o.Output, "output", "o", "", "write the result as JSON to this file; - is standard output, instead of the summary")
	f.StringVar(&o.HDRLog, "hdr-log", "", "write the distributions to this file as an HdrHistogram log, for the tools that read and merge those")
	return c
}

func (a *app) load(ctx context.Context, o loadOptions, args []string) error {
	plan, slos, err := a.loadPlan(o, args)
	if err != nil {
		return usage(err)
	}
	term := newTerminal(a.Err, a.settings, a.lookupEnv)
	before := time.Duration(0)
	plan.OnSecond = func(s loadgen.Second) {
		row := trial.SecondOf(s, s.At-before)
		before = s.At
		term.live(time.Now(), fmt.Sprintf("%s  %s of %s  %s", reports.Clean(plan.Scenario.Name),
			s.At.Truncate(time.Second), plan.Scenario.Duration(), reports.LoadLine(row)))
	}
	result, err := loadgen.Run(ctx, plan)
	term.erase()
	if err != nil {
		return err
	}
	margins, rest := tuner.LoadMargins(slos, *trial.LoadOf(result, slos))
	if err := errors.Join(a.writeLoad(o.Output, result, margins, rest), writeHDRLog(o.HDRLog, result)); err != nil {
		return err
	}
	return loadError(ctx, result, margins)
}

// loadPlan makes the plan from the flags and the file, and says which SLOs it is judged on.
func (a *app) loadPlan(o loadOptions, args []string) (loadgen.Plan, []scenarios.SLO, error) {
	file, err := a.loadFile(o, args)
	if err != nil {
		return loadgen.Plan{}, nil, err
	}
	scenario, err := pick(file.Scenarios, o.Scenario)
	if err != nil {
		return loadgen.Plan{}, nil, err
	}
	slos := append(append([]scenarios.SLO{}, file.SLOs...), scenario.SLOs...)
	for _, line := range o.SLOs {
		slo, err := scenarios.ParseSLO(line)
		if err != nil {
			return loadgen.Plan{}, nil, fmt.Errorf("--slo: %w", err)
		}
		slos = append(slos, slo)
	}
	plan := loadgen.Plan{
		Traffic: file.Traffic, Scenario: scenario, TightestSLO: trial.TightestSLO(slos),
		Closed: o.Closed, Connections: o.Connections, Grace: file.Traffic.Timeout + time.Second,
	}
	switch {
	case o.Closed && o.Connections < 1:
		return plan, nil, errors.New("--closed needs --connections, 1 or more")
	case !o.Closed && o.Connections > 0:
		plan.Traffic.MaxInFlight = o.Connections
	}
	return plan, slos, nil
}

// loadFile is the scenario file, or one made up from the flags; a URL given as an argument replaces the file's.
func (a *app) loadFile(o loadOptions, args []string) (scenarios.File, error) {
	file := scenarios.File{}
	switch {
	case o.File != "":
		var err error
		if file, _, err = a.readFile(o.File); err != nil {
			return file, err
		}
	case len(args) == 0:
		return file, errors.New("load: give a URL, or a scenario file by -f")
	case !o.Closed && !(o.Rate > 0 && o.Rate <= math.MaxFloat64):
		return file, fmt.Errorf("--rate: %v given; it must be above 0", o.Rate)
	case o.Duration <= 0:
		return file, fmt.Errorf("--duration: %v given; it must be above 0", o.Duration)
	default:
		file = quickFile(o)
	}
	if len(args) == 1 {
		if err := setURL(&file, args[0], o.File == ""); err != nil {
			return file, err
		}
	}
	if file.Traffic.URL == "" {
		return file, fmt.Errorf("load: %s names no URL to send to; give one as an argument", o.File)
	}
	return file, nil
}

// quickFile is a file of one kind of hit at a steady rate.
func quickFile(o loadOptions) scenarios.File {
	return scenarios.File{
		Traffic: scenarios.Traffic{
			Protocol: scenarios.HTTP1, Timeout: 30 * time.Second, MaxInFlight: 10000, Arrivals: scenarios.Uniform,
			Hits: []scenarios.Hit{{Name: "hit", Weight: 1, Method: "GET", Path: "/"}},
		},
		Scenarios: []scenarios.Scenario{{
			Name: "load", Kind: scenarios.Soak,
			Stages: []scenarios.Stage{{From: o.Rate, To: o.Rate, For: o.Duration}},
		}},
	}
}

// setURL sends the file's traffic to another URL. With whole, its path and query become those of every hit.
func setURL(file *scenarios.File, text string, whole bool) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	if err := scenarios.CheckURL(u.Scheme + "://" + u.Host); err != nil {
		return err
	}
	if whole {
		for i := range file.Traffic.Hits {
			file.Traffic.Hits[i].Path = u.RequestURI()
		}
	}
	file.Traffic.URL = u.Scheme + "://" + u.Host
	return nil
}

func pick(all []scenarios.Scenario, name string) (scenarios.Scenario, error) {
	var names []string
	for _, s := range all {
		if s.Name == name || name == "" {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return scenarios.Scenario{}, fmt.Errorf("--scenario: %q given; allowed: %s", name, strings.Join(names, ", "))
}

// loadReport is the JSON of a load run.
type loadReport struct {
	loadgen.Result
	// Margins of the SLOs that hits can answer; Unjudged are the others, as written.
	Margins  []tuner.Margin `json:"margins"`
	Unjudged []string       `json:"unjudged_slos,omitempty"`
}

// writeLoad prints the summary, and writes the JSON where asked to. A file that can't be written costs no summary.
func (a *app) writeLoad(output string, r loadgen.Result, margins []tuner.Margin, rest []scenarios.SLO) error {
	report := loadReport{Result: r, Margins: margins}
	for _, slo := range rest {
		report.Unjudged = append(report.Unjudged, slo.Text)
	}
	var written error
	if output != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return fmt.Errorf("encode the result: %w", err)
		}
		text = append(text, '\n')
		if output == "-" {
			_, err = a.Out.Write(text)
			return err
		}
		if err := os.WriteFile(output, text, 0o644); err != nil {
			written = fmt.Errorf("write the result: %w", err)
		}
	}
	return errors.Join(written, loadgen.WriteText(a.Out, r), reports.Margins(a.Out, margins, report.Unjudged))
}

// writeHDRLog writes the distributions of r to file; an empty name asks for none.
func writeHDRLog(file string, r loadgen.Result) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("--hdr-log: %w", err)
	}
	return errors.Join(loadgen.WriteHDRLog(f, r), f.Close())
}

// loadError is the exit code of a load run: an invalid or interrupted run says nothing about SLOs.
func loadError(ctx context.Context, r loadgen.Result, margins []tuner.Margin) error {
	if ctx.Err() != nil || len(r.Invalid) > 0 {
		return exitError{Code: exitNotMeasured}
	}
	code := exitOK
	for _, m := range margins {
		switch {
		case m.Met == nil && code == exitOK:
			code = exitNotMeasured
		case m.Met != nil && !*m.Met:
			code = exitMissed
		}
	}
	if code == exitOK {
		return nil
	}
	return exitError{Code: code}
}
