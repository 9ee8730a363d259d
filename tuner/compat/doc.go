// Package compat tells whether the settings of a workload will live in peace with the autoscalers, budgets, quotas and
// ranges around it: 22 rules, R1 to R22, each a pure function of one Snapshot and of what trials measured. It knows
// nothing of Kubernetes' own types and reads nothing; package cluster/snapshot makes a Snapshot from a cluster or from
// manifests. It also turns trials into autoscalers that fit them (Combine), and judges the trial in which both run
// beside each other (JudgeCoexistence).
package compat
