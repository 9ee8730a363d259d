//go:build !linux

package main

// lockProgram does nothing: only Linux enforces limits on memory.
func lockProgram() error { return nil }
