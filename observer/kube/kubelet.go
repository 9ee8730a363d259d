package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

// largestText is more than a node of 500 Pods tells; a longer one is cut off and so refused.
const largestText = 256 << 20

// Kubelets reads the /metrics/cadvisor of the nodes that Pods run on: through the API server, or, inside the cluster,
// straight from each kubelet. It is for one goroutine at a time.
type Kubelets struct {
	// Title names the source in reports.
	Title string
	// Client has the credentials: those of the kubeconfig for the API server, a service account's token for a kubelet.
	Client *http.Client
	// URL is where the metrics of a node are.
	URL func(node string) (string, error)
	// Wanted says whose rows to keep.
	Wanted Filter

	clocks map[string]*clock
}

// Name is Title.
func (k *Kubelets) Name() string { return k.Title }

// Every is the longest pause between two samples of a kubelet: it samples a container every 10 seconds, with a jitter of
// as much again (https://github.com/google/cadvisor/blob/v0.53.0/manager/container.go).
func (k *Kubelets) Every() time.Duration { return 20 * time.Second }

// Read asks each node of the targets once and returns its rows, with times on this machine's clock. Where a node does not
// answer, the rows of the others come with the error.
func (k *Kubelets) Read(ctx context.Context, targets []observer.Target) ([]Row, error) {
	var rows []Row
	var failed error
	for _, node := range nodesOf(targets) {
		scrape, err := k.Fetch(ctx, node)
		if err != nil {
			failed = err
			continue
		}
		rows = append(rows, scrape.translated()...)
	}
	return rows, failed
}

// Note says how well the clocks of the nodes are known, where that is worse than half a second; "" where it is not.
func (k *Kubelets) Note() string {
	for node, c := range k.clocks {
		if _, within, known := c.offset(); !known || within > time.Second/2 {
			return "the clock of node " + node + " is not known to half a second: its samples may belong to a time that much off"
		}
	}
	return ""
}

// Place is this process.
func (k *Kubelets) Place() *tuner.Place { return nil }

// Scrape is what one node told at one time.
type Scrape struct {
	Node string `json:"node"`
	// Ahead is how far the node's clock is ahead of that of whoever asked, and Within how far the truth may be from it.
	Ahead  time.Duration `json:"ahead"`
	Within time.Duration `json:"within"`
	// Rows have the node's own times.
	Rows []Row `json:"rows"`
}

// translated are the rows with their times on the clock of whoever asked.
func (s Scrape) translated() []Row {
	rows := slices.Clone(s.Rows)
	for i := range rows {
		rows[i].Taken, rows[i].At = rows[i].At, rows[i].At.Add(-s.Ahead)
		if !rows[i].Started.IsZero() {
			rows[i].Started = rows[i].Started.Add(-s.Ahead)
		}
	}
	return rows
}

// Fetch asks one node. The errors say what was asked of whom; a refusal names the right that is missing.
func (k *Kubelets) Fetch(ctx context.Context, node string) (Scrape, error) {
	url, err := k.URL(node)
	if err != nil {
		return Scrape{}, fmt.Errorf("read the metrics of node %s: %w", node, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Scrape{}, fmt.Errorf("read the metrics of node %s: %w", node, err)
	}
	sent := time.Now()
	reply, err := k.Client.Do(request)
	if err != nil {
		return Scrape{}, fmt.Errorf("read the metrics of node %s: %w", node, err)
	}
	received := time.Now()
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return Scrape{}, refusal(node, reply)
	}
	rows, err := DecodeCadvisor(io.LimitReader(reply.Body, largestText), k.Wanted)
	if err != nil {
		return Scrape{}, fmt.Errorf("read the metrics of node %s: %w", node, err)
	}
	for i := range rows {
		rows[i].Node = node
	}
	s := Scrape{Node: node, Rows: rows}
	s.Ahead, s.Within = k.ahead(node, sent, received, reply.Header.Get("Date"))
	return s, nil
}

// ahead adds one exchange to what is known of a node's clock. Where a reply has no Date, the clocks are taken to agree.
func (k *Kubelets) ahead(node string, sent, received time.Time, date string) (ahead, within time.Duration) {
	if k.clocks == nil {
		k.clocks = map[string]*clock{}
	}
	c := k.clocks[node]
	if c == nil {
		c = &clock{}
		k.clocks[node] = c
	}
	if at, err := http.ParseTime(date); err == nil {
		c.dated(sent, received, at)
	}
	ahead, within, _ = c.offset()
	return ahead, within
}

// refusal is the error for a reply other than 200.
func refusal(node string, reply *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(reply.Body, 300))
	switch reply.StatusCode {
	case http.StatusForbidden, http.StatusUnauthorized:
		return fmt.Errorf("read the metrics of node %s: %s; nodes/metrics (straight from a kubelet) or nodes/proxy (through the API server) is not granted: %s",
			node, reply.Status, text)
	}
	return fmt.Errorf("read the metrics of node %s: %s: %s", node, reply.Status, text)
}

// nodesOf are the nodes of the targets, each once, in order.
func nodesOf(targets []observer.Target) []string {
	var all []string
	for _, t := range targets {
		if n := t.Pod.Node; n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}
