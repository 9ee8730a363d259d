package wire

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/packed"
	"github.com/plimsoll/plimsoll/scenarios"
)

// maxPlan is how many bytes a plan may have before it is compressed.
const maxPlan = 64 << 20

// plan is a loadgen.Plan as it is written. What scenarios.Traffic keeps out of every encoding stands beside it, in the
// open: whoever carries these bytes must keep them secret.
type plan struct {
	Format      int                `json:"format_version"`
	Plimsoll    string             `json:"plimsoll_version"`
	Traffic     scenarios.Traffic  `json:"traffic"`
	Hits        []hit              `json:"hits"`
	Scenario    scenarios.Scenario `json:"scenario"`
	Addresses   []string           `json:"addresses"`
	TightestSLO time.Duration      `json:"tightest_slo_ns"`
	Closed      bool               `json:"closed"`
	Connections int                `json:"connections"`
	Grace       time.Duration      `json:"grace_ns"`
	Files       []file             `json:"files"`
}

// hit is what is hidden of one kind of hit.
type hit struct {
	Headers    []header        `json:"headers"`
	Body       string          `json:"body"`
	BodyMarked bool            `json:"body_secret"`
	Data       *scenarios.Data `json:"data"`
}

type header struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Marked bool   `json:"secret"`
}

// EncodePlan returns p as bytes for the plimsoll of that version, with its secrets and the files it names readable in
// them. OnStart and OnSecond stay here. The error is for a file that can't be read and for more than 64 MiB.
func EncodePlan(p loadgen.Plan, version string) ([]byte, error) {
	out := plan{
		Format: Version, Plimsoll: version, Traffic: p.Traffic, Scenario: p.Scenario, Addresses: p.Addresses,
		TightestSLO: p.TightestSLO, Closed: p.Closed, Connections: p.Connections, Grace: p.Grace,
	}
	for _, h := range p.Traffic.Hits {
		hidden := hit{Body: h.Body.Reveal(), BodyMarked: h.BodyMarked, Data: h.Data}
		for _, v := range h.Headers {
			hidden.Headers = append(hidden.Headers, header{v.Name, v.Value.Reveal(), v.Marked})
		}
		out.Hits = append(out.Hits, hidden)
	}
	var err error
	if out.Files, err = collect(p.Traffic); err != nil {
		return nil, err
	}
	b, err := packed.Encode(out)
	if err != nil {
		return nil, fmt.Errorf("encode the plan of the load: %w", err)
	}
	if len(b) > maxPlan {
		return nil, fmt.Errorf("the plan of the load has %d bytes, its data rows included; at most %d can be sent", len(b), maxPlan)
	}
	var small bytes.Buffer
	w, _ := gzip.NewWriterLevel(&small, gzip.BestCompression) // the error is for a level that is none
	_, _ = w.Write(b)                                         // to memory
	_ = w.Close()
	return small.Bytes(), nil
}

// DecodePlan reads what EncodePlan wrote, for the plimsoll of that version, and lays down the files that it carries in
// dir. The errors are for bytes that are no plan, for another version, and for a dir that can't be written.
func DecodePlan(b []byte, version, dir string) (loadgen.Plan, error) {
	in, err := readPlan(b)
	if err != nil {
		return loadgen.Plan{}, fmt.Errorf("decode the plan of the load: %w", err)
	}
	if in.Format != Version || in.Plimsoll != version {
		return loadgen.Plan{}, fmt.Errorf("the plan is of plimsoll %q (format %d), this is plimsoll %q (format %d): use the image of the same version",
			in.Plimsoll, in.Format, version, Version)
	}
	p := loadgen.Plan{
		Traffic: in.Traffic, Scenario: in.Scenario, Addresses: in.Addresses, TightestSLO: in.TightestSLO,
		Closed: in.Closed, Connections: in.Connections, Grace: in.Grace,
	}
	for i, hidden := range in.Hits {
		h := &p.Traffic.Hits[i]
		h.Body, h.BodyMarked, h.Data = scenarios.NewSecret(hidden.Body), hidden.BodyMarked, hidden.Data
		for _, v := range hidden.Headers {
			h.Headers = append(h.Headers, scenarios.Variable{Name: v.Name, Value: scenarios.NewSecret(v.Value), Marked: v.Marked})
		}
	}
	if err := layDown(in.Files, dir, &p.Traffic); err != nil {
		return loadgen.Plan{}, err
	}
	return p, nil
}

// readPlan decompresses and decodes b, and checks what the code that uses it relies on.
func readPlan(b []byte) (plan, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return plan{}, err
	}
	whole, err := io.ReadAll(io.LimitReader(r, maxPlan+1))
	if err != nil {
		return plan{}, err
	}
	if len(whole) > maxPlan {
		return plan{}, fmt.Errorf("it has over %d bytes", maxPlan)
	}
	var in plan
	if err := packed.Decode(whole, &in); err != nil {
		return plan{}, err
	}
	if len(in.Hits) != len(in.Traffic.Hits) {
		return plan{}, fmt.Errorf("%d kinds of hit and the hidden half of %d", len(in.Traffic.Hits), len(in.Hits))
	}
	for i, h := range in.Hits {
		if h.Data == nil {
			continue
		}
		for n, row := range h.Data.Rows {
			if len(row) != len(h.Data.Columns) {
				return plan{}, fmt.Errorf("hit %d: data row %d has %d values for %d columns", i, n, len(row), len(h.Data.Columns))
			}
		}
	}
	return in, nil
}
