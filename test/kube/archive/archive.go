// Package archive makes images out of static programs, without a container engine: one layer with the files, and a
// configuration. What it writes is read by `ctr images import`, `docker load` and `podman load`.
package archive

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Image is what to make one of.
type Image struct {
	// Name is a whole reference with a tag, such as localhost/demo:1.
	Name string
	// Entrypoint is the command that a container runs.
	Entrypoint []string
	// User is a number, or number:number with a group; "" is root.
	User string
	// Files are the local files by their paths in the image. All become executable for everyone, and root's.
	Files map[string]string
	// Architecture is amd64 or arm64, as Go names them.
	Architecture string
}

// Write makes an archive of the image. The same files give the same bytes.
func Write(path string, from Image) error {
	tag, err := name.NewTag(from.Name)
	if err != nil {
		return fmt.Errorf("image %q: %w", from.Name, err)
	}
	files, err := pack(from.Files)
	if err != nil {
		return fmt.Errorf("image %s: %w", from.Name, err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil })
	if err != nil {
		return fmt.Errorf("image %s: %w", from.Name, err)
	}
	made, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return fmt.Errorf("image %s: %w", from.Name, err)
	}
	made, err = mutate.ConfigFile(made, configure(made, from))
	if err != nil {
		return fmt.Errorf("image %s: %w", from.Name, err)
	}
	if err := tarball.WriteToFile(path, tag, made); err != nil {
		return fmt.Errorf("writing image %s: %w", from.Name, err)
	}
	return nil
}

// configure is the configuration of the image with its one layer.
func configure(made v1.Image, from Image) *v1.ConfigFile {
	config := &v1.ConfigFile{Architecture: from.Architecture, OS: "linux",
		Config: v1.Config{Entrypoint: from.Entrypoint, User: from.User}}
	if has, err := made.ConfigFile(); err == nil {
		config.RootFS, config.History = has.RootFS, has.History
	}
	return config
}

// pack is a tar of the files in the order of their paths, without times. Containers need the folder /tmp.
func pack(files map[string]string) ([]byte, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}); err != nil {
		return nil, err
	}
	for _, to := range slices.Sorted(maps.Keys(files)) {
		text, err := os.ReadFile(files[to])
		if err != nil {
			return nil, err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(to, "/"), Mode: 0o755, Size: int64(len(text))}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
