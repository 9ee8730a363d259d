// Package scenarios holds the scenario file: the workload under test, the traffic offered to it, the load shapes
// (scenarios) it is put under, the SLOs it must meet and what the tuner may change.
//
// Read turns the bytes of a file into a File, strictly: an unknown key, a wrong unit or an impossible value is an
// error with file, line, column, the value given and what is allowed, and all of them are reported at once.
// The package is pure and imports nothing else of Plimsoll.
package scenarios
