// Plimsoll finds the CPU and memory limits of a service by testing them under load.
//
//	plimsoll demo                              see it work on a bundled service
//	plimsoll init -- COMMAND > scenarios.yaml  write a commented scenario file for a command, or for a URL
//	plimsoll validate -f scenarios.yaml        find every mistake in it, start nothing
//	plimsoll tune -f scenarios.yaml            derive the limits, one changed per trial
//	plimsoll tune --resume                     go on after a crash or Ctrl-C
//	plimsoll tune --from report.json           is an earlier result still right? Two trials where nothing changed
//	plimsoll load --rate 500 --duration 30s --slo 'p99 < 50ms' URL
//	plimsoll compat deploy/web                 conflicts with HPA, VPA, KEDA, budgets, ranges and quotas; -f for manifests
//	plimsoll report plimsoll-report/run.plimsoll
//
// Results go to standard output, progress and errors to standard error. tune writes into plimsoll-report (or
// --report-dir): run.plimsoll, one record for each trial, on disk before the next begins; report.html and report.json.
//
// The tool's own settings (--report-dir, --color, --no-color, --quiet) come from flags, else from PLIMSOLL_REPORT_DIR
// and so on, else from a settings file (--settings, PLIMSOLL_SETTINGS, or plimsoll/settings.yaml in the user's
// configuration directory), else from defaults. What is tested is in the scenario file: docs/scenario-file.md.
//
// The first interrupt ends the trial in progress gracefully and still reports; the second quits at once, and the next
// tune cleans up what a local workload left.
//
// Exit codes, whatever the output format:
//
//	0  derived and verified, SLOs met, nothing found
//	1  SLO missed, infeasible, or the budget spent (the best verified limits are still printed)
//	2  bad usage or a bad file
//	3  not measured: inconclusive, too noisy, generator-bound, interrupted
//	4  restore not confirmed; dominates all others
package main
