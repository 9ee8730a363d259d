// Package snapshot makes the Snapshot that tuner/compat judges: from a cluster (Read) or from manifests (Documents,
// FromObjects). Both ways meet in the same conversion of the same objects. What can't be read is said in the snapshot,
// never taken for absent.
package snapshot
