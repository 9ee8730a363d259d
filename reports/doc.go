// Package reports turns the trials of a search into what people and pipelines read: a terminal table, one HTML file,
// JSON with a schema, and more. It is pure: a Run in, bytes out; every renderer is a function of a writer and a value.
//
// Whatever came from a scenario file, a service or a cluster is hostile until it is neutralised for the format it goes
// into: Clean for terminals and plain text, html/template for HTML, and so on.
package reports
