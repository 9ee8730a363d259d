package sim

import (
	"math"
	"math/rand/v2"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Draws are the random part of one run: standard normal values. All zero is the noise-free run of fresh replicas.
type Draws struct {
	warm    bool // the replicas served an earlier run
	latency float64
	usage   float64
	memory  []float64 // one per container
}

// Draw makes the random part of one run.
func (s *Service) Draw(r *rand.Rand) Draws {
	d := Draws{latency: r.NormFloat64(), usage: r.NormFloat64(), memory: make([]float64, len(s.Containers))}
	for i := range d.memory {
		d.memory[i] = r.NormFloat64()
	}
	return d
}

// fate is how a container's memory fared.
type fate int

const (
	fine fate = iota
	killedAtStart
	killed
	thrashing
)

// part is one container in one run, at the rate asked about.
type part struct {
	usage     float64 // millicores used
	wanted    float64 // millicores it would use with endless CPU
	throttled float64
	fate      fate
	anon      float64 // bytes
	file      float64
	peak      float64
	mapped    float64
	starting  float64 // seconds from start to Ready
}

// outcome is one run at one rate.
type outcome struct {
	parts      []part
	p99        float64 // seconds, the largest over the timeout
	throughput float64 // ok hits over offered, 0–1
	censored   bool    // p99 falls among hits that timed out
}

// at computes a run: settings, random part, rate in hits per second of one replica, and bytes leaked so far.
func (s *Service) at(settings tuner.Settings, d Draws, rate float64, leaked []float64) outcome {
	o := outcome{parts: make([]part, len(s.Containers)), throughput: 1}
	for i := range s.Containers {
		c := &s.Containers[i]
		set, _ := settings.Of(c.Name)
		p := &o.parts[i]
		noise := 0.0
		if d.memory != nil {
			noise = d.memory[i] * s.MemoryNoise
		}
		p.wanted = c.Usage * rate / s.Rate * math.Exp(d.usage*s.UsageNoise)
		if !d.warm {
			p.wanted *= 1 + c.Warming
		}
		p.wanted *= c.collection(float64(set.MemoryLimit))
		c.remember(p, float64(set.MemoryLimit), math.Exp(noise), leaked[i])
		if p.fate == thrashing {
			p.wanted *= 3
		}
		stretch, served := c.answer(p, float64(set.CPULimit))
		o.throughput = min(o.throughput, served)
		o.p99 += c.Base.Seconds() * stretch
		c.starve(p, float64(set.MemoryLimit), math.Exp(noise), leaked[i])
		if p.fate == killed || p.fate == killedAtStart {
			o.throughput = min(o.throughput, 0.5)
		}
	}
	if s.LockAt > 0 && rate >= s.LockAt {
		o.throughput = min(o.throughput, s.LockAt/rate)
	}
	o.p99 *= math.Exp(d.latency * s.LatencyNoise)
	if o.throughput < 0.99 || o.p99 >= s.Timeout.Seconds() {
		o.p99, o.censored = s.Timeout.Seconds(), true
	}
	return o
}

// answer gives the stretch of a container's latency and the share of hits it can serve, and fills in its CPU figures.
func (c *Container) answer(p *part, limit float64) (stretch, served float64) {
	p.usage = p.wanted
	if p.starting = c.StartCPU; limit > 0 {
		p.starting = max(c.StartCPU, c.StartCPU/(limit/1000))
	}
	if limit == 0 {
		return 1, 1
	}
	depth := limit / p.wanted
	if depth <= 1.003 {
		p.usage, p.throttled = limit*0.995, 0.99
		return 100, min(1, depth) * 0.98
	}
	stretch, p.throttled = c.Curve(depth)
	if c.Cliff > 0 && limit >= c.CliffFrom && limit < c.CliffTo {
		stretch *= c.Cliff
	}
	return stretch, 1
}

// collection is the factor on CPU usage of a garbage collector whose heap is near its limit.
func (c *Container) collection(limit float64) float64 {
	if c.HeapShare == 0 || limit == 0 {
		return 1
	}
	room := limit*c.HeapShare/float64(c.Anon) - 1
	return 1 + 0.02/max(room, 0.01)
}

// remember fills in the memory figures and the fate of a container under a memory limit (0: none).
func (c *Container) remember(p *part, limit, noise, leaked float64) {
	anon := float64(c.Anon) * noise
	if c.HeapShare > 0 && limit > 0 {
		anon = max(anon, min(2*anon, limit*c.HeapShare)) // a heap that is capped is capped in every run
	}
	p.anon = anon + leaked
	p.mapped = float64(c.File) * noise
	need := p.anon + p.mapped
	p.peak = max(need+float64(c.Cache)*noise, float64(c.StartMemory)*noise)
	if limit == 0 {
		p.file = p.peak - p.anon
		return
	}
	switch {
	case float64(c.StartMemory)*noise > limit:
		p.fate = killedAtStart
	case p.anon > limit:
		p.fate = killed
	case need > limit:
		p.fate = thrashing
	}
	p.peak = min(p.peak, limit)
	p.anon = min(p.anon, limit)
	p.file = max(0, p.peak-p.anon)
	p.mapped = min(p.mapped, p.file)
}

// starve kills a container whose collector is throttled so much that its memory outgrows the limit.
func (c *Container) starve(p *part, limit, noise, leaked float64) {
	if p.fate != fine || limit == 0 || c.StarvedMemory == 0 {
		return
	}
	if grown := float64(c.Anon) * noise * c.StarvedMemory * p.throttled; p.anon+grown > limit {
		p.fate, p.anon, p.peak = killed, limit, limit
	} else {
		p.anon += grown
		p.peak = max(p.peak, p.anon)
	}
}

func bytesOf(x float64) *scenarios.Bytes { return new(scenarios.Bytes(x)) }

// Quiet is the random part of a run without noise.
func (s *Service) Quiet() Draws { return Draws{memory: make([]float64, len(s.Containers))} }

// Passes says whether fresh replicas become Ready in time, and a run at the full rate serves every hit, kills nothing, and
// keeps p99 below bound (seconds).
func (s *Service) Passes(settings tuner.Settings, d Draws, bound float64) bool {
	o := s.at(settings, d, s.Rate, make([]float64, len(s.Containers)))
	for i := range o.parts {
		if o.parts[i].fate != fine || o.parts[i].starting+1 > s.startTimeout().Seconds() {
			return false
		}
	}
	return o.throughput > 0.999 && o.p99 < bound
}
