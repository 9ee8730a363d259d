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
	"github.com/plimsoll/plimsoll/workload/kube"
)

// confirm shows what will be done to the cluster and asks whether to. It returns errPlanned after a dry run.
func (a *app) confirm(ctx context.Context, r *clusterRun) error {
	plan, err := r.workload.Plan(ctx, r.goal, r.first(r.goal), r.DryRun == "server")
	if err != nil {
		return exitError{exitNotMeasured, err}
	}
	a.notice(planText(r, plan))
	switch in, isFile := a.In.(*os.File); {
	case r.DryRun == "server":
		a.notice("dry run: the cluster would take these changes; nothing was changed")
		return errPlanned
	case r.Yes:
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
func planText(r *clusterRun, plan kube.Plan) string {
	var b strings.Builder
	line := func(word, format string, args ...any) {
		fmt.Fprintf(&b, "  %-8s "+format+"\n", append([]any{word}, args...)...)
	}
	t := r.workload.Target()
	fmt.Fprintf(&b, "Plan for %s in namespace %s\n", t, t.Namespace)
	if plan.Leftover != "" {
		line("first", "puts back what run %s left changed", reports.Clean(plan.Leftover))
	}
	if plan.Copy != "" {
		line("makes", "%s, a copy whose labels no Service selects; it is deleted at the end", plan.Copy)
	}
	for _, c := range plan.Changes {
		line("changes", "%s", c.Object)
		for text := range strings.Lines(c.Text) {
			line("", "  %s", reports.Clean(strings.TrimSuffix(text, "\n")))
		}
	}
	line("then", "up to %d trials, each with other limits for %s: a rollout, or CPU on the running Pods",
		r.goal.Tuning.MaxTrials, strings.Join(tunedNames(r.workload.File()), ", "))
	line("for", "%v at most; the last trial may end later, and putting back takes up to %v", r.goal.Tuning.MaxTime, r.RestoreTimeout)
	if r.beside.wanted() && !r.OnCopy && len(plan.Changes) > 1 {
		line("beside", "the autoscalers, %s, one trial more after that: --coexistence",
			map[string]string{besideAsIs: "as they are", besideSuggested: "changed as plimsoll compat suggests"}[r.beside.Mode])
	}
	end := "everything is put back"
	if r.Apply {
		end = "limits that a soak confirmed stay in place (--apply), everything else is put back"
	}
	line("at last", "%s: at the end, after a failure and on Ctrl-C;", end)
	line("", "after kill -9 by the next run, or by: plimsoll restore %s -n %s", t, t.Namespace)
	for _, m := range r.missing {
		line("missing", "%s", reports.Clean(m.What))
		line("", "  %s", reports.Clean(m.Fix))
	}
	if len(plan.Services) > 0 {
		start := "Trials may kill Pods"
		if r.goal.Tuning.Start == scenarios.Conservative {
			start = "A conservative start will kill Pods"
		}
		line("WARNING", "it serves others: %s sends to its Pods. %s;", strings.Join(plan.Services, ", "), start)
		line("", "--start current begins with what it has, --on-copy tests a copy that serves nobody")
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
