package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cavaliergopher/cpio"
)

// pack writes the files below tree to image as a compressed cpio archive, which the kernel unpacks as its root. All
// belong to root; programs are executable because they are in the tree.
func pack(tree, image string) (err error) {
	file, err := os.Create(image)
	if err != nil {
		return fmt.Errorf("packing the image: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	squeezed, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("packing the image: %w", err)
	}
	archive := cpio.NewWriter(squeezed)
	err = filepath.WalkDir(tree, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == tree {
			return err
		}
		inside, err := filepath.Rel(tree, name)
		if err != nil {
			return err
		}
		return add(archive, name, inside, entry)
	})
	if err := errors.Join(err, archive.Close(), squeezed.Close()); err != nil {
		return fmt.Errorf("packing the image: %w", err)
	}
	return nil
}

// add writes one file or folder to the archive under the name inside.
func add(archive *cpio.Writer, name, inside string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header, err := cpio.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	header.Name, header.Uid, header.Guid = inside, 0, 0
	if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return errors.Join(err, file.Close())
}
