// Package runlog keeps every trial of a search for good: a file that is only ever appended to, one fsynced record at a
// time, so that a search can be resumed after a crash and its reports rendered again without running anything.
//
// The file is a MessagePack stream of records, numbered from 0. Each is an array of four:
//
//	number    uint32   0, 1, 2 …
//	payload   uint32   CRC-32C of the payload
//	head      uint32   CRC-32C of number, payload checksum and payload length, 4 bytes each, big-endian
//	payload   bin32    a MessagePack map with one key: "header" (record 0 only), "trial", "result" or "beside"
//
// All numbers are written at full width, so a head is always 21 bytes. Its own checksum tells a record that was cut
// short (the head is whole, the payload is not) from damage in the middle of the file: a damaged record is dropped only
// where no head of a later record follows it. Keys inside a payload are the json names of the types. Unknown keys are
// skipped, so that fields may be added within one format version.
//
// Secrets are never in the file: scenarios.File keeps them out of every encoding.
package runlog
