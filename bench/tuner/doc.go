// Command tuner measures the search for limits on a fleet of simulated services, beside the strategies users have today.
//
//	go run ./bench/tuner -out rows.json
//
// Every service is searched through tuner.Search at three levels of noise. The search is told neither the noise nor the
// demand. Definitions:
//
//	demand            least value of a limit at which the noise-free run passes, the other limits as derived (relaxed
//	                  where no value passes beside them)
//	true pass         share of fresh runs that pass at the derived value of one limit, the others at their upper bounds
//	joint pass        the same with all limits as derived
//	over-allocation   sum of derived over sum of demand − 1, for CPU and for memory of a service; their mean
//	trials per limit  all trials from the start settings to the candidate over the number of limits searched; soaks not counted
//
// Noise of 5 % is the standard deviation of ln(p99) from run to run; that of memory is 0.4 of it and that of CPU usage
// 0.1. Services that leak have no limit that holds for ever and are counted apart.
package main
