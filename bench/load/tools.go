package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// job is what a tool is asked to do: hits at a steady rate, or as fast as they go where rate is 0.
type job struct {
	url         string
	rate        float64
	length      time.Duration
	connections int
}

// cost is what a tool needed for the hits it made.
type cost struct {
	used
	hits int64
}

// perHit is the CPU time per hit in microseconds.
func (c cost) perHit() float64 { return float64(c.cpu.Nanoseconds()) / 1e3 / float64(c.hits) }

// tool runs a job to its end.
type tool struct {
	name string
	run  func(ctx context.Context, scratch string, j job) (cost, error)
}

func tools() (plimsoll, wrk, vegeta, k6, bombardier tool) {
	return tool{"plimsoll", runPlimsollCost}, tool{"wrk", runWrk}, tool{"vegeta", runVegeta}, tool{"k6", runK6}, tool{"bombardier", runBombardier}
}

// checked refuses a run that made too few hits to be compared.
func checked(u used, hits int64, j job) (cost, error) {
	if hits <= 0 {
		return cost{}, errors.New("it made no hits")
	}
	if planned := j.rate * j.length.Seconds(); float64(hits) < 0.95*planned {
		return cost{}, fmt.Errorf("it made %d of %.0f hits", hits, planned)
	}
	return cost{u, hits}, nil
}

func runWrk(ctx context.Context, _ string, j job) (cost, error) {
	u, err := run(ctx, nil, "wrk", "-t", "1", "-c", strconv.Itoa(j.connections), "-d", seconds(j.length), j.url)
	if err != nil {
		return cost{}, err
	}
	found := regexp.MustCompile(`(\d+) requests in`).FindSubmatch(u.output)
	if found == nil {
		return cost{}, fmt.Errorf("wrk printed no count: %s", lastLine(string(u.output)))
	}
	hits, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		return cost{}, err
	}
	return checked(u, hits, j)
}

func runVegeta(ctx context.Context, scratch string, j job) (cost, error) {
	target, results := filepath.Join(scratch, "targets"), filepath.Join(scratch, "results.bin")
	if err := os.WriteFile(target, []byte("GET "+j.url+"\n"), 0o600); err != nil {
		return cost{}, err
	}
	n := strconv.Itoa(j.connections)
	u, err := run(ctx, nil, installed("vegeta"), "attack", "-targets", target, "-output", results, "-rate", rate(j)+"/s",
		"-duration", seconds(j.length), "-connections", n, "-workers", n, "-max-workers", n)
	if err != nil {
		return cost{}, err
	}
	report, err := run(ctx, nil, installed("vegeta"), "report", "-type", "json", results)
	if err != nil {
		return cost{}, err
	}
	var counted struct {
		StatusCodes map[string]int64 `json:"status_codes"`
	}
	if err := json.Unmarshal(report.output, &counted); err != nil {
		return cost{}, fmt.Errorf("read vegeta's report: %w", err)
	}
	return checked(u, counted.StatusCodes["200"], j)
}

// k6Script keeps to the rate with a fixed pool of users, one connection each, and throws bodies away.
const k6Script = `import http from 'k6/http';
export const options = {
  discardResponseBodies: true,
  scenarios: { load: { executor: 'constant-arrival-rate', rate: %s, timeUnit: '1s', duration: '%s',
    preAllocatedVUs: %d, maxVUs: %d } },
};
export default function () { http.get('%s'); }
`

func runK6(ctx context.Context, scratch string, j job) (cost, error) {
	script, summary := filepath.Join(scratch, "script.js"), filepath.Join(scratch, "summary.json")
	text := fmt.Sprintf(k6Script, rate(j), seconds(j.length), j.connections, j.connections, j.url)
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		return cost{}, err
	}
	u, err := run(ctx, nil, installed("k6"), "run", "--quiet", "--no-usage-report", "--summary-export", summary, script)
	if err != nil {
		return cost{}, err
	}
	var counted struct {
		Metrics struct {
			Hits struct {
				Count float64 `json:"count"`
			} `json:"http_reqs"`
		} `json:"metrics"`
	}
	if err := readJSON(summary, &counted); err != nil {
		return cost{}, err
	}
	return checked(u, int64(counted.Metrics.Hits.Count), j)
}

func runBombardier(ctx context.Context, _ string, j job) (cost, error) {
	u, err := run(ctx, nil, installed("bombardier"), "-c", strconv.Itoa(j.connections), "-r", rate(j), "-d", seconds(j.length),
		"-o", "json", "-p", "r", j.url)
	if err != nil {
		return cost{}, err
	}
	var counted struct {
		Result struct {
			OK int64 `json:"req2xx"`
		} `json:"result"`
	}
	if err := json.Unmarshal(u.output, &counted); err != nil {
		return cost{}, fmt.Errorf("read bombardier's result: %w", err)
	}
	return checked(u, counted.Result.OK, j)
}

func installed(name string) string { return filepath.Join(".cache", "bin", name) }

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) + "s" }

func rate(j job) string { return strconv.FormatFloat(j.rate, 'f', -1, 64) }

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}
