package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/cluster/snapshot"
	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/trial"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
	"github.com/plimsoll/plimsoll/workload/kube"
)

// The ways to run the trial beside autoscalers, as --coexistence takes them; the first is the default.
const (
	besideAsIs      = "as-is"
	besideSuggested = "suggested"
	besideOff       = "off"
)

// besideOptions are the flags of the trial beside autoscalers.
type besideOptions struct {
	Mode string
	// Ramp and Hold are their lengths; 0: as long as the autoscalers need.
	Ramp, Hold time.Duration
	// Round is how often the VPA's updater acts.
	Round time.Duration
	// Hits is the name of hits per second in the custom-metrics API; empty: nobody said.
	Hits string
}

func (o *besideOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.Mode, "coexistence", besideAsIs, `kubernetes: the last trial, beside the workload's HPA, VPA or KEDA: as-is, suggested (with the mends of plimsoll
compat, put back afterwards), or off`)
	f.DurationVar(&o.Ramp, "coexistence-ramp", 0, "kubernetes: length of its ramp (default: time for each Pod that is needed to start)")
	f.DurationVar(&o.Hold, "coexistence-hold", 0, "kubernetes: length of its hold (default: 3 rounds of the VPA's updater, and time for the HPA)")
	f.DurationVar(&o.Round, "vpa-round", time.Minute, "kubernetes: how often the VPA's updater acts (its --updater-interval)")
	f.StringVar(&o.Hits, "hits-metric", "", `kubernetes: the name that the custom-metrics adapter gives to hits per second of a Pod (default
"`+compat.HitsMetric+`"); given with --coexistence suggested, the HPA scales on it`)
}

// wanted is false for commands that have no such trial, too.
func (o besideOptions) wanted() bool { return o.Mode == besideAsIs || o.Mode == besideSuggested }

func (o besideOptions) validate(apply bool) error {
	modes := []string{besideAsIs, besideSuggested, besideOff}
	switch {
	case o.Mode == "":
		return nil // a command without it
	case !slices.Contains(modes, o.Mode):
		return usage(fmt.Errorf("--coexistence: %q given; allowed: %s, %s, %s", o.Mode, modes[0], modes[1], modes[2]))
	case o.Ramp < 0 || o.Hold < 0 || o.Round <= 0:
		return usage(errors.New("--coexistence-ramp and --coexistence-hold must not be below 0, --vpa-round must be above 0"))
	case apply && o.Mode == besideSuggested:
		return usage(errors.New("--apply and --coexistence suggested exclude each other: the suggested autoscalers are put back at the end, and the " +
			"derived values would then live beside others; apply the mends of \"plimsoll compat --run\" first, then tune --apply"))
	}
	return nil
}

// metric is the name of hits per second.
func (o besideOptions) metric() string { return cmp.Or(o.Hits, compat.HitsMetric) }

// together runs the trial beside autoscalers after a search that derived something, saves its verdict, and says what it
// does to the exit code. One that the log holds already is run again only where it was in doubt, or again says that trials
// came after it.
func (a *app) together(ctx context.Context, b *bench, log *runlog.Log, c *runlog.Contents, again bool, v *view) (exitCode, error) {
	if again {
		c.Beside = nil // it was about other limits
	}
	m := compat.FromTrials(c.Header.File, c.Trials, *c.Result.Result)
	if b.beside == nil || m == nil || !c.Result.Result.Verified || outcomeCode(c.Result.Result.Outcome) != exitOK {
		return exitOK, nil
	}
	var verdict compat.Coexistence
	if len(c.Beside) == 0 || json.Unmarshal(c.Beside, &verdict) != nil || verdict.Judgement == tuner.Inconclusive {
		verdict = b.beside(ctx, *m, v.terminal)
		if verdict.Judgement == "" {
			return exitOK, nil // nothing acts on it
		}
		text, err := json.Marshal(verdict)
		if err == nil {
			err = log.AppendBeside(text)
		}
		if err != nil {
			return exitNotMeasured, err
		}
		c.Beside = text
	}
	v.keep(reports.TogetherLine(verdict, v.style))
	switch verdict.Judgement {
	case tuner.Pass:
		return exitOK, nil
	case tuner.Fail:
		return exitMissed, nil
	}
	return exitNotMeasured, nil
}

// besideTrial is the trial beside the autoscalers of a workload in a cluster.
type besideTrial struct {
	client   *cluster.Client
	workload *kube.Kube
	goal     tuner.Goal
	load     runLoad
	// toURL is true where the load goes to the URL of the file, and not to Pods or a Service.
	toURL   bool
	options besideOptions
	notice  func(string)
}

// run runs it. What keeps it from running is an inconclusive verdict; the zero verdict says that nothing acts on the
// workload.
func (b besideTrial) run(ctx context.Context, m compat.Measured, term *terminal) compat.Coexistence {
	t := compat.Trajectory{Derived: m.Settings}
	acts, err := b.prepare(ctx, m, &t)
	if err == nil && !acts {
		return compat.Coexistence{}
	}
	if err == nil {
		t, err = b.rehearse(ctx, m, t, term)
	}
	if err != nil {
		t.NotRun = err.Error()
		if ctx.Err() != nil {
			t.NotRun = "it was interrupted"
		}
	}
	return compat.JudgeCoexistence(t)
}

// prepare lets the autoscalers go, changes them where that is asked for, and puts the derived settings into fresh Pods:
// what a VPA does to a new Pod is seen at once. acts is false where there is nothing to be beside of.
func (b besideTrial) prepare(ctx context.Context, m compat.Measured, t *compat.Trajectory) (acts bool, err error) {
	s, err := b.snapshot(ctx)
	if err != nil || len(s.HPAs)+len(s.VPAs)+len(s.ScaledObjects) == 0 {
		return err != nil, err
	}
	if err := b.workload.LetGo(ctx); err != nil {
		return true, err
	}
	if s, err = b.snapshot(ctx); err != nil || !compat.Acts(s) {
		return err != nil, err
	}
	if b.options.Mode == besideSuggested {
		if t.Suggested, err = b.suggest(ctx, s, m); err != nil {
			return true, err
		}
	}
	if _, err := b.workload.Apply(ctx, m.Settings, true); err != nil {
		return true, fmt.Errorf("apply settings: %w", err)
	}
	_, ready, err := b.workload.AwaitReady(ctx)
	if err == nil && !ready {
		err = errors.New("a replica did not become Ready beside the autoscalers")
	}
	return true, err
}

func (b besideTrial) snapshot(ctx context.Context) (compat.Snapshot, error) {
	target := b.workload.Target()
	return snapshot.Read(ctx, b.client, target.Namespace, target.String())
}

// suggest puts the mends of the autoscalers in force; where the name of hits per second was given, the HPA on these.
func (b besideTrial) suggest(ctx context.Context, s compat.Snapshot, m compat.Measured) ([]compat.Mend, error) {
	var c *compat.Combination
	if b.options.Hits != "" {
		c = compat.Combine(s, &m, b.options.Hits)
	}
	mends := compat.Suggested(compat.Evaluate(s, &m), c)
	var all []kube.Amendment
	for _, mend := range mends {
		objects, err := snapshot.Documents(mend.Object.String(), []byte(mend.YAML))
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			spec, _ := o.Object["spec"].(map[string]any)
			all = append(all, kube.Amendment{Kind: mend.Object.Kind, Name: mend.Object.Name, Spec: spec})
		}
	}
	return mends, b.workload.Amend(ctx, all)
}

// rehearse plans the load by what acts now, and runs it.
func (b besideTrial) rehearse(ctx context.Context, m compat.Measured, t compat.Trajectory, term *terminal) (compat.Trajectory, error) {
	s, err := b.snapshot(ctx)
	if err != nil {
		return t, err
	}
	o := b.options
	r := compat.Rehearse(s, m, compat.Wish{Ramp: o.Ramp, Hold: o.Hold, Round: o.Round, Hits: o.metric()})
	t.Derived, t.Scaler, t.Round = r.Derived, r.Scaler, r.Round
	file := b.workload.File()
	address := ""
	if !b.toURL {
		var name string
		if name, address, err = b.workload.ServiceAddress(ctx); err != nil {
			return t, fmt.Errorf("no load reaches Pods that come later: %w, and it does not go to traffic.url", err)
		}
		b.notice(fmt.Sprintf("load beside autoscalers: to Service %s", name))
	}
	scenario := r.Scenario(b.warmup())
	term.keep(fmt.Sprintf("beside its autoscalers (%s): from %.4g to %.4g hits/s in %v, then %v", o.Mode, r.Least, r.Hold, r.Ramp, r.For))
	if r.Rest > 0 {
		term.live(time.Now(), fmt.Sprintf("beside  waiting until %d replicas are left, %v at most", r.Begin, r.Rest))
	}
	target, before := b.workload.Target(), time.Duration(0)
	defer term.erase()
	t, err = trial.Beside{
		Traffic: file.Traffic, Address: address, Scenario: scenario, SLOs: b.goal.SLOs[b.goal.Tuning.Confirm], Load: b.load,
		Begin: r.Begin, Rest: r.Rest,
		Look: func(ctx context.Context, events bool) (compat.Sight, error) {
			return snapshot.Look(ctx, b.client, target.Namespace, target.String(), events)
		},
		OnSecond: func(second loadgen.Second) {
			row := trial.SecondOf(second, second.At-before)
			before = second.At
			term.live(time.Now(), fmt.Sprintf("beside  %s of %s  %s", second.At.Truncate(time.Second), scenario.Duration(), reports.LoadLine(row)))
		},
	}.Run(ctx, t)
	return t, errors.Join(err, b.workload.Undisturbed())
}

// warmup is that of the confirming soak.
func (b besideTrial) warmup() time.Duration {
	for _, s := range b.goal.Scenarios {
		if s.Name == b.goal.Tuning.Confirm {
			return s.Warmup
		}
	}
	return 0
}
