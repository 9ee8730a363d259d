// Package scenarios holds the scenario file: the workload under test, the traffic offered to it, the load shapes
// (scenarios) it is put under, the SLOs it must meet and what the tuner may change.
//
// Read turns the bytes of a file into a File, strictly: an unknown key, a wrong unit or an impossible value is an
// error with file, line, column, the value given and what is allowed, and all of them are reported at once.
// Beside files named in it and the environment, which come through Environment, it depends on nothing but the bytes.
//
// A section of the file is a table of fields: key, value, what it is for (fields_*.go). The reader (reader.go), the JSON
// Schema for editors (schema.go) and the reference for people (reference.go) all go by these tables, so they agree.
// Checks between values come after reading (check.go), and skip what could not be read.
//
// Amounts of CPU and memory are turned into Kubernetes quantities and back in quantity.go and nowhere else. What a file
// marks as secret is a Secret, which nothing prints; File.Secrets lists them for scrubbing the output of others.
package scenarios
