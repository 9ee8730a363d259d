// Command load measures the load generator beside the tools that people use today, for `make bench-load OUT=file.json`.
//
//	go run ./bench/load -out file.json
//
// It expects bin/plimsoll, nginx and wrk, and vegeta, bombardier and k6 in .cache/bin (the Makefile sees to all of
// them); a tool that is not there costs its own rows only, with the reason. nginx is the server, on loopback; its
// settings and every command line are printed. Each figure is the median of -runs runs, in which the tools take turns,
// so that a machine that warms up or is shared favours none. CPU is what wait4 reports of the whole process, start-up
// included. Nothing else should run on the machine.
//
// The table goes to standard output, the rows as a JSON array to -out. The exit code is 0 whether or not targets are
// met, and 1 where something could not be measured at all.
package main
