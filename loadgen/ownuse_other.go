//go:build !linux

package loadgen

// readOwnUse knows nothing: it is told on Linux only.
func readOwnUse() ownUse { return ownUse{} }
