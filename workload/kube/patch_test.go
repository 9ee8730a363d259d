package kube

import jsonpatch "gopkg.in/evanphx/json-patch.v4"

// applyPatch applies a JSON Patch as an API server does, which uses this library.
func applyPatch(document, patch []byte) ([]byte, error) {
	p, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, err
	}
	return p.Apply(document)
}
