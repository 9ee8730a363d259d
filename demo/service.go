package main

import (
	"net/http"
	"runtime"
	"sync"
	"time"
)

// service answers hits.
type service struct {
	needs needs

	// lock is what hits queue for where needs.lock is set.
	lock sync.Mutex

	mu sync.Mutex
	// cache is mapped whole from the start; pages count as used once touched. filled of it is.
	cache  []byte
	filled int64
	// leaked is never given back.
	leaked [][]byte
}

// newService maps the cache, and fills none of it.
func newService(n needs) (*service, error) {
	cache, err := mapMemory(n.cache)
	if err != nil {
		return nil, err
	}
	return &service{needs: n, cache: cache}, nil
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /work", s.work)
	return mux
}

// work is one hit: it takes what needs says, and answers. All its CPU time is on one thread's clock, page faults
// included, so that it takes cpuPerHit in all and not on top.
func (s *service) work(w http.ResponseWriter, _ *http.Request) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	end := threadCPU() + s.needs.cpuPerHit + time.Duration(s.needs.cpuExtra*float64(s.needs.cpuPerHit))
	held, err := mapMemory(s.needs.memoryPerHit)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer unmapMemory(held)
	touch(held)
	s.fillCache()
	if err := s.leak(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if s.needs.lock > 0 {
		s.lock.Lock()
		time.Sleep(s.needs.lock)
		s.lock.Unlock()
	}
	burnUntil(end)
	_, _ = w.Write([]byte("done\n"))
}

// fillCache touches the next part of the cache, until it is full.
func (s *service) fillCache() {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := min(s.filled+s.needs.cacheStep, int64(len(s.cache)))
	touch(s.cache[s.filled:next])
	s.filled = next
}

// leak takes memory for ever.
func (s *service) leak() error {
	if s.needs.leakPerHit == 0 {
		return nil
	}
	lost, err := mapMemory(s.needs.leakPerHit)
	if err != nil {
		return err
	}
	touch(lost)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaked = append(s.leaked, lost)
	return nil
}
