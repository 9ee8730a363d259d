// Gocache is a service for the oracle: a full cache on Go's garbage-collected heap. Every hit makes an entry of 16 KiB
// that replaces an older one, so memory follows the collector's pace (GOGC), not only what is held; and hashes it a few
// times, about 1 ms of CPU.
package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	entries   = 3072     // held: 48 MiB
	entrySize = 16 << 10 // bytes
	rounds    = 40       // hashes of one entry per hit
)

// cache is a ring of entries.
type cache struct {
	mu   sync.Mutex
	ring [entries][]byte
	next int
}

// put replaces the oldest entry.
func (c *cache) put(entry []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring[c.next%entries] = entry
	c.next++
}

// newEntry is an entry with every page written, so that all of it is in memory.
func newEntry() []byte {
	entry := make([]byte, entrySize)
	for i := range entry {
		entry[i] = byte(i)
	}
	return entry
}

func main() {
	var c cache
	for range entries {
		c.put(newEntry())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		entry := newEntry()
		for range rounds {
			sum := sha256.Sum256(entry)
			copy(entry, sum[:])
		}
		c.put(entry)
		fmt.Fprintf(w, "%x\n", entry[:8])
	})
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}
