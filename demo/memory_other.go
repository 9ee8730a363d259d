//go:build !linux

package main

// mapMemory makes do with Go's heap: only Linux enforces limits on it.
func mapMemory(size int64) ([]byte, error) { return make([]byte, size), nil }

func unmapMemory([]byte) {}
