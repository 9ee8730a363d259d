package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

// Prometheus reads the same series from a Prometheus server that scrapes the kubelets, where the nodes themselves may not
// be read. It asks for raw samples, so that their times stay their own.
type Prometheus struct {
	Client *http.Client
	// Base is the server's address, such as http://prometheus.monitoring:9090.
	Base string
	// Scrape is how often it scrapes; 0: every 30 s.
	Scrape time.Duration
}

const (
	defaultScrape = 30 * time.Second
	// largestAnswer is more than a few Pods can fill.
	largestAnswer = 64 << 20
)

// Name says where figures come from.
func (p *Prometheus) Name() string { return "Prometheus" }

// Every is a scrape, and the kubelet's own pause before it.
func (p *Prometheus) Every() time.Duration { return p.scrape() + (*Kubelets)(nil).Every() }

// Note says what is taken for granted.
func (p *Prometheus) Note() string {
	return "the samples of Prometheus are taken to be on this machine's clock: how far the clocks of the nodes are off is not known"
}

// Place is this process: Prometheus stores the times that the kubelets gave.
func (p *Prometheus) Place() *tuner.Place { return nil }

func (p *Prometheus) scrape() time.Duration {
	if p.Scrape > 0 {
		return p.Scrape
	}
	return defaultScrape
}

// Read asks for the raw samples of the last few scrapes.
func (p *Prometheus) Read(ctx context.Context, targets []observer.Target) ([]Row, error) {
	query := query(targets, 3*p.scrape())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		strings.TrimSuffix(p.Base, "/")+"/api/v1/query?query="+url.QueryEscape(query), nil)
	if err != nil {
		return nil, fmt.Errorf("ask Prometheus at %s: %w", p.Base, err)
	}
	reply, err := p.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask Prometheus at %s: %w", p.Base, err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, largestAnswer))
	if err != nil {
		return nil, fmt.Errorf("ask Prometheus at %s: %w", p.Base, err)
	}
	rows, err := DecodePrometheus(text)
	if err != nil {
		return nil, fmt.Errorf("ask Prometheus at %s: %s: %w", p.Base, reply.Status, err)
	}
	return rows, nil
}

// query selects the series that count of the Pods of targets, with every sample of the last while.
func query(targets []observer.Target, last time.Duration) string {
	namespace, pods := "", []string{}
	for _, t := range targets {
		namespace = t.Pod.Namespace
		if name := regexp.QuoteMeta(t.Pod.Name); !slices.Contains(pods, name) {
			pods = append(pods, name)
		}
	}
	return fmt.Sprintf(`{__name__=~%q,namespace=%q,pod=~%q}[%ds]`,
		strings.Join(slices.Sorted(maps.Keys(series)), "|"), namespace, strings.Join(pods, "|"), int(last.Seconds()))
}

// answer is Prometheus' reply to a query over a range: https://prometheus.io/docs/prometheus/latest/querying/api/
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		ResultType string `json:"resultType"`
		Result     []struct {
			Metric map[string]string `json:"metric"`
			Values [][2]any          `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

// DecodePrometheus turns the reply to a query for raw samples into rows. A series that the server does not keep leaves its
// field nil. Where it drops the cgroup's id, instances of a container can't be told apart, and a restart shows as a counter
// that went backwards.
func DecodePrometheus(text []byte) ([]Row, error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("no answer to a query: %w: %.100q", err, text)
	}
	if a.Status != "success" || a.Data.ResultType != "matrix" {
		return nil, fmt.Errorf("%s (%q): %s", a.Status, a.Data.ResultType, a.Error)
	}
	byTime := map[int64]*decoding{}
	var untimed []func(*decoding)
	for _, s := range a.Data.Result {
		name := s.Metric["__name__"]
		set, known := series[name]
		if !known {
			continue
		}
		for _, v := range s.Values {
			at, value, err := point(v)
			if err != nil {
				return nil, fmt.Errorf("series %q: %w", name, err)
			}
			if strings.HasPrefix(name, "container_spec_") || name == "container_start_time_seconds" {
				// Without a time of its own in the kubelet's text, so its time here is that of the scrape.
				untimed = append(untimed, func(d *decoding) { d.known(name, set, s.Metric, value) })
				continue
			}
			d := byTime[at.UnixMilli()]
			if d == nil {
				d = newDecoding(Filter{Namespace: s.Metric["namespace"]})
				byTime[at.UnixMilli()] = d
			}
			d.value(name, set, s.Metric, value, at)
		}
	}
	var rows []Row
	for _, at := range slices.Sorted(maps.Keys(byTime)) {
		for _, put := range untimed {
			put(byTime[at])
		}
		for _, r := range byTime[at].finish() {
			r.Taken = r.At
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// point reads one sample: seconds as a number, the value as a string.
func point(v [2]any) (at time.Time, value float64, err error) {
	when, isNumber := v[0].(float64)
	text, isText := v[1].(string)
	if !isNumber || !isText || !(when > 0 && when < 1e11) {
		return time.Time{}, 0, errors.New("a sample that is no time and value")
	}
	value, err = strconv.ParseFloat(text, 64)
	return time.UnixMilli(int64(when*1000 + 0.5)), value, err
}
