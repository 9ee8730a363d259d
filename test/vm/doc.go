// Vm proves cgroup v2 in a small virtual machine: it boots a Debian kernel under qemu with nothing but this
// repository's compiled tests in memory, runs them there as root and as an ordinary user in a delegated subtree, prints
// what they print, and exits 1 where one failed. `make test-v2` runs it.
//
// The guest (guest/) is process 1 and plays the part of systemd; proof/ are the tests of the kernel itself that the
// rest stands on. KVM is used where it works, and emulation where it does not, which is several times slower: the
// variable PLIMSOLL_TEST_SLOW tells the tests.
package main
