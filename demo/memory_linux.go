package main

import "golang.org/x/sys/unix"

// mapMemory maps size bytes outside Go's heap, none of it touched yet, in small pages: with huge ones the kernel would
// charge 2 MiB for the first byte.
func mapMemory(size int64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	memory, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	_ = unix.Madvise(memory, unix.MADV_NOHUGEPAGE) // a kernel without huge pages refuses, and needs none
	return memory, nil
}

func unmapMemory(memory []byte) {
	if memory != nil {
		_ = unix.Munmap(memory)
	}
}
