// Package tuner decides which limit to try next. It is pure: trials in, one step out; no clock, no I/O, no Kubernetes.
//
// The whole core is three functions:
//
//	Judge(goal, settings and observation)  → Verdict    did this trial pass, by what margin, and how did it fail
//	Decide(goal, trials so far)            → Step       the next trial and why, or the result of the search
//	Doomed(goal, step, observation so far) → reason     stops a trial that is lost already
//
// Search is the loop around them: run, judge, record, decide, repeat.
package tuner
