//go:build !linux

package loadgen

// readOwnUse knows nothing: runs are possible on Linux only so far.
func readOwnUse() ownUse { return ownUse{} }
