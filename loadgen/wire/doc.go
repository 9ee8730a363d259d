// Package wire takes a plan to a load generator on another machine, and its rows and its result back, as bytes.
//
// Everything is MessagePack. A plan is one value, compressed. What comes back is a stream of messages, each with the
// generator's wall clock at the moment it was written: one Hello, then one Second for each second of load, then the
// result in Parts, then one End with the checksum over all parts; Failed instead where there is no result. Ticks come in
// between, only to tell the time.
//
// Both sides must be the same version of Plimsoll: see Version.
package wire

// Version of the format. Both sides check it; it changes whenever either side could misread the other.
const Version = 1
