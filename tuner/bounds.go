package tuner

import (
	"fmt"
	"math"
)

// Range is what a LimitRange of the namespace allows every container of one resource, in millicores or bytes. A request
// and a limit have to lie between Min and Max, both included; the limit may be MaxRatio times the request at most.
// 0 is "not set".
//
// Source: https://kubernetes.io/docs/concepts/policy/limit-range/
type Range struct {
	Resource Resource `json:"resource"`
	Min      int64    `json:"min"`
	Max      int64    `json:"max"`
	MaxRatio float64  `json:"max_limit_request_ratio"`
}

// Within is the goal with the bounds of its limits narrowed to what the ranges allow; from then on every step keeps its
// requests within them too. It returns an error where that leaves a limit no value at all.
func (g Goal) Within(ranges ...Range) (Goal, error) {
	g.Ranges = append(append([]Range(nil), g.Ranges...), ranges...)
	g.Limits = append([]Searched(nil), g.Limits...)
	for i := range g.Limits {
		l := &g.Limits[i]
		for _, r := range ranges {
			if r.Resource != l.Resource {
				continue
			}
			l.Min = max(l.Min, r.Min)
			if r.Max > 0 {
				l.Max = min(l.Max, r.Max)
			}
			if l.Min > l.Max {
				return g, fmt.Errorf("%s may be no value: the scenario file's bounds and the namespace's LimitRange (min %s, max %s) do not overlap; widen tuning.bounds or the LimitRange",
					limitName(l.Limit), limitText(r.Resource, r.Min), limitText(r.Resource, r.Max))
			}
		}
	}
	return g, nil
}

// allowed is a copy of settings with the requests raised to what the ranges ask for: their lower bound, and a limit's
// share. Worked: limit 1000m, ratio 4, minimum 100m: a request of 80m becomes 250m; of 300m, it stays.
func (g Goal) allowed(settings Settings) Settings {
	if len(g.Ranges) == 0 {
		return settings
	}
	out := append(Settings(nil), settings...)
	for i := range out {
		c := &out[i]
		for _, r := range g.Ranges {
			if r.Resource == CPU {
				c.CPURequest = raised(r, c.CPURequest, c.CPULimit)
			} else {
				c.MemoryRequest = raised(r, c.MemoryRequest, c.MemoryLimit)
			}
		}
	}
	return out
}

// raised is a request under a range; one that is not set stays so: Kubernetes then takes the limit, or a default.
func raised[T ~int64](r Range, request, limit T) T {
	if request == 0 {
		return 0
	}
	request = max(request, T(r.Min))
	if r.MaxRatio > 0 && limit > 0 {
		request = max(request, T(math.Ceil(float64(limit)/r.MaxRatio)))
	}
	if limit > 0 {
		request = min(request, limit)
	}
	return request
}
