// Package loadgen offers hits to a workload: when (schedule), how (engine and protocols) and what came of them
// (recorder, summary).
//
// Every hit has four stamps on one monotonic clock: planned, sent, first byte, done. Three distributions come of them,
// never blended: lag = sent − planned (the generator's own), service = done − sent, response = done − planned, which
// is what SLOs are judged on.
package loadgen
