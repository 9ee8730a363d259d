// Package sim runs trials of simulated services in virtual time: no process, no clock, no network, and the same seed
// gives the same figures. Every need of a service is a number, so that what a search derives can be compared with the
// least limits that hold.
//
//	Service     what one replica costs and how it answers under its limits: the model
//	Runner      runs a service's trials: implements tuner.Runner and counts virtual time
//	New         a Runner for a scenario file whose workload is of kind simulated
//
// A simulated service is never a claim about a real one.
package sim
