package loadgen

// ownUse is what the generator's process has used so far.
type ownUse struct{}

// readOwnUse reads the counters now. A counter that can't be read stays unknown.
func readOwnUse() ownUse { return ownUse{} }
