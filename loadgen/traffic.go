package loadgen

import (
	"math"
	"slices"
	"sort"

	"github.com/plimsoll/plimsoll/scenarios"
)

// traffic chooses what each hit is and renders it. It belongs to one goroutine; clone makes one for another.
type traffic struct {
	kinds []hitKind
	seed  uint64
	// upTo[i] is the sum of the weights of kinds 0 to i over the sum of all, so upTo's last is 1.
	upTo []float64
	// rows[i] is how many data rows kind i has; passed[i] how many of the hits below next were of kind i. Rows are
	// cycled in order within a kind, over all loops: counting the hits before makes that a function of k.
	rows   []int
	passed []int
	next   int64
	// counts is true where a kind has data, so that hits need to be counted at all.
	counts bool
}

// newTraffic makes t ready to be sent. t.URL must be set, if only to "http://" and the address of a replica: it gives
// the Host header and the base path. The error names the hit and what is wrong with it; it quotes no header value and
// no body, which may be secret.
func newTraffic(t scenarios.Traffic) (*traffic, error) {
	kinds, err := newKinds(t)
	if err != nil {
		return nil, err
	}
	made := &traffic{kinds: kinds, seed: t.Seed, passed: make([]int, len(kinds))}
	sum := 0.0
	for _, hit := range t.Hits {
		sum += hit.Weight
	}
	below := 0.0
	for _, hit := range t.Hits {
		below += hit.Weight
		made.upTo = append(made.upTo, below/sum)
		rows := 0
		if hit.Data != nil {
			rows = len(hit.Data.Rows)
		}
		made.rows = append(made.rows, rows)
		made.counts = made.counts || rows > 0
	}
	return made, nil
}

// clone returns a traffic that makes the same choices, for use by another goroutine.
func (t *traffic) clone() *traffic {
	other := *t
	other.passed = slices.Clone(t.passed)
	return &other
}

// pick chooses the kind of hit k, with probability weight / sum of weights, and its data row (0 where the kind has no
// data). The choice depends on the seed and k alone, whatever was picked before; ascending k is fast, a smaller k than
// before counts from the start again.
func (t *traffic) pick(k int64) (kind, row int) {
	kind = t.kindOf(k)
	if !t.counts {
		return kind, 0
	}
	if k < t.next {
		t.next = 0
		clear(t.passed)
	}
	for ; t.next < k; t.next++ {
		t.passed[t.kindOf(t.next)]++
	}
	if t.rows[kind] == 0 {
		return kind, 0
	}
	return kind, t.passed[kind] % t.rows[kind]
}

// kindOf draws the kind of hit k: a number in [0, 1) from the seed and k, looked up in the summed weights.
func (t *traffic) kindOf(k int64) int {
	if len(t.kinds) == 1 {
		return 0
	}
	u := float64(mix(t.seed+uint64(k)*0x9e3779b97f4a7c15)>>11) / (1 << 53)
	i := sort.SearchFloat64s(t.upTo, math.Nextafter(u, 2))
	return min(i, len(t.kinds)-1)
}

// mix is the output function of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014):
// each bit of x changes about half of the bits of the result, so successive numbers give independent draws.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// row returns the values of a data row, nil where kind has no data.
func (t *traffic) row(kind, row int) []string {
	if t.rows[kind] == 0 {
		return nil
	}
	return t.kinds[kind].data[row]
}

// render appends the whole HTTP/1.1 hit, head and body, to dst. It allocates only where dst must grow. For kinds with
// static set that is what it appends; sending static itself saves the copy.
func (t *traffic) render(kind, row int, k int64, dst []byte) []byte {
	if static := t.kinds[kind].static; static != nil {
		return append(dst, static...)
	}
	return t.kinds[kind].append(dst, t.row(kind, row), k)
}
