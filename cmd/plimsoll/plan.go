package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload/kube"
)

// confirm shows what will be done to the cluster and asks whether to. It returns errPlanned after a dry run.
func (a *app) confirm(ctx context.Context, k *kube.Kube, goal tuner.Goal, o clusterOptions) error {
	plan, err := k.Plan(ctx, goal, o.first(goal), o.DryRun == "server")
	if err != nil {
		return exitError{exitNotMeasured, err}
	}
	a.notice(planText(k, plan, goal, o))
	switch in, isFile := a.In.(*os.File); {
	case o.DryRun == "server":
		a.notice("dry run: the cluster would take these changes; nothing was changed")
		return errPlanned
	case o.Yes:
		return nil
	case !isFile || !term.IsTerminal(int(in.Fd())):
		return usage(errors.New("this changes a workload in a cluster; --yes says that it may, --dry-run=server only checks"))
	}
	fmt.Fprint(a.Err, "Go on? [y/N] ")
	answer, err := bufio.NewReader(a.In).ReadString('\n')
	if word := strings.ToLower(strings.TrimSpace(answer)); err == nil && (word == "y" || word == "yes") {
		return nil
	}
	return exitError{exitNotMeasured, errors.New("not confirmed; nothing was changed")}
}

// planText is the plan as a person reads it.
func planText(k *kube.Kube, plan kube.Plan, goal tuner.Goal, o clusterOptions) string {
	var b strings.Builder
	t := k.Target()
	fmt.Fprintf(&b, "Plan for %s in namespace %s\n", t, t.Namespace)
	if plan.Leftover != "" {
		fmt.Fprintf(&b, "  first    puts back what run %s left changed\n", reports.Clean(plan.Leftover))
	}
	if plan.Copy != "" {
		fmt.Fprintf(&b, "  makes    %s, a copy whose labels no Service selects; it is deleted at the end\n", plan.Copy)
	}
	for _, c := range plan.Changes {
		fmt.Fprintf(&b, "  changes  %s\n", c.Object)
		for line := range strings.Lines(c.Text) {
			b.WriteString("             " + reports.Clean(strings.TrimSuffix(line, "\n")) + "\n")
		}
	}
	fmt.Fprintf(&b, "  then     up to %d trials, each with other limits for %s: a rollout, or CPU on the running Pods\n",
		goal.Tuning.MaxTrials, strings.Join(tunedNames(k.File()), ", "))
	fmt.Fprintf(&b, "  for      %v at most; the last trial may end later, and putting back takes up to %v\n", goal.Tuning.MaxTime, o.RestoreTimeout)
	if o.beside.wanted() && !o.OnCopy && len(plan.Changes) > 1 {
		fmt.Fprintf(&b, "  beside   the autoscalers, %s, one trial more after that: --coexistence\n",
			map[string]string{besideAsIs: "as they are", besideSuggested: "changed as plimsoll compat suggests"}[o.beside.Mode])
	}
	end := "everything is put back"
	if o.Apply {
		end = "limits that a soak confirmed stay in place (--apply), everything else is put back"
	}
	fmt.Fprintf(&b, "  at last  %s: at the end, after a failure and on Ctrl-C;\n", end)
	fmt.Fprintf(&b, "           after kill -9 by the next run, or by: plimsoll restore %s -n %s\n", t, t.Namespace)
	if len(plan.Services) > 0 {
		fmt.Fprintf(&b, "  WARNING  it serves others: %s sends to its Pods.", strings.Join(plan.Services, ", "))
		if goal.Tuning.Start == scenarios.Conservative {
			b.WriteString(" A conservative start will kill Pods;")
		} else {
			b.WriteString(" Trials may kill Pods;")
		}
		b.WriteString("\n           --start current begins with what it has, --on-copy tests a copy that serves nobody\n")
	}
	return b.String()
}

func tunedNames(f scenarios.File) []string {
	var all []string
	for _, c := range f.Workload.Containers {
		if c.Tune {
			all = append(all, c.Name)
		}
	}
	return all
}
