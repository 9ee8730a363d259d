package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

// report is one line of a reader in the cluster: what a node told, or why it did not.
type report struct {
	Scrape
	// Written is when, by the reader's clock.
	Written time.Time `json:"written"`
	Error   string    `json:"error,omitempty"`
}

// Collect is what a reader in the cluster does: it asks each node at the pace and hands each reply to emit as one line of
// JSON, without the samples that it has emitted before, until ctx is cancelled. The error is emit's.
func Collect(ctx context.Context, k *Kubelets, nodes []string, pace time.Duration, emit func(line []byte) error) error {
	if pace <= 0 {
		pace = defaultPace
	}
	told := map[cgroup]time.Time{}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		for _, node := range nodes {
			r := report{}
			scrape, err := k.Fetch(ctx, node)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				scrape.Node, r.Error = node, err.Error()
			}
			scrape.Rows = slices.DeleteFunc(scrape.Rows, func(row Row) bool {
				g := cgroup{row.UID, row.Container, row.ContainerID, row.Node}
				old := !row.At.After(told[g])
				told[g] = row.At
				return old
			})
			r.Scrape, r.Written = scrape, time.Now()
			line, err := json.Marshal(r)
			if err == nil {
				err = emit(line)
			}
			if err != nil {
				return fmt.Errorf("tell the metrics of node %s: %w", node, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Inbox is the source that a reader in the cluster fills: whoever follows its log calls Line for each line. It may be used
// by several goroutines at once.
type Inbox struct {
	mu     sync.Mutex
	rows   []Row
	failed error
	// where the reader runs; empty until it does.
	where string
	// low is the largest lower bound of how far the reader's clock is ahead of this one's: a line is written before it
	// arrives. What is left is how long the quickest line took.
	low   time.Duration
	heard bool
}

// Name says where figures come from.
func (b *Inbox) Name() string { return "kubelet, read in the cluster" }

// Every is that of Kubelets.
func (b *Inbox) Every() time.Duration { return (*Kubelets)(nil).Every() }

// Note says what is not known of the reader's clock.
func (b *Inbox) Note() string { return "" }

// Started says where the reader runs, in words.
func (b *Inbox) Started(where string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.where = where
}

// Place is where the reader runs, and how far its clock is ahead at least: its lines bound that from one side.
func (b *Inbox) Place() *tuner.Place {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.where == "" {
		return nil
	}
	p := &tuner.Place{Where: b.where}
	if b.heard {
		p.ClockOffset = new(b.low)
	}
	return p
}

// Line takes in one line of the reader that arrived at received. The error is for a line that is none.
func (b *Inbox) Line(line []byte, received time.Time) error {
	var r report
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("a line of the reader: %w", err)
	}
	if r.Node == "" || r.Written.IsZero() {
		return errors.New("a line of the reader without its node or its time")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if low := r.Written.Sub(received); !b.heard || low > b.low {
		b.low, b.heard = low, true
	}
	b.rows = append(b.rows, r.translated()...)
	b.failed = nil
	if r.Error != "" {
		b.failed = errors.New(r.Error)
	}
	return nil
}

// Fail notes that the reader ended, or never began.
func (b *Inbox) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = err
}

// Read returns what has arrived since it was last called.
func (b *Inbox) Read(context.Context, []observer.Target) ([]Row, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := b.rows
	b.rows = nil
	for i := range rows {
		rows[i].At = rows[i].At.Add(-b.low)
		if !rows[i].Started.IsZero() {
			rows[i].Started = rows[i].Started.Add(-b.low)
		}
	}
	return rows, b.failed
}
