package preflight

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/plimsoll/plimsoll/cluster"
)

// Question is what a preflight is asked.
type Question struct {
	Namespace string
	// Pods selects those of the workload; nil: all of the namespace.
	Pods labels.Selector
	// Modes that the run will need; what others lack is reported too, and spoils nothing.
	Needed []Mode
	// Resource ("deployments") and Name are the workload's; empty: none is named, and every kind of workload is asked about.
	Resource, Name string
	// LoadNamespace is where the load's Job runs; empty: in Namespace.
	LoadNamespace string
	// ReaderAccount is the ServiceAccount, in Namespace, as which the reader's Pod runs.
	ReaderAccount string
	// Now is the time to compare the age of samples with.
	Now time.Time
}

// Report is what a preflight found.
type Report struct {
	// Server is the version of the API server.
	Server string   `json:"server_version"`
	Needed []Mode   `json:"modes_needed"`
	Access []Access `json:"access"`
	Nodes  []Node   `json:"nodes"`
	// Sources are where figures could come from, in the order of preference.
	Sources []Source `json:"metric_sources"`
	// Bounds are the quotas and LimitRanges of the namespace; Acting is what may change the workload or its Pods beside
	// Plimsoll: autoscalers, GitOps, webhooks. Both in words, one entry each.
	Bounds []string `json:"namespace_bounds"`
	Acting []string `json:"acting_on_it"`
	// Unknown is what could not be found out, and why.
	Unknown []string `json:"unknown,omitempty"`
}

// Missing is what the result will lack, each with what would bring it; empty: nothing.
type Missing struct {
	What string `json:"what"`
	// Mode that it is of.
	Mode Mode `json:"mode"`
	// Fix is the RBAC rule, with its ClusterRole in deploy/rbac.yaml, or what else to do.
	Fix string `json:"fix"`
	// Blocks is true where a mode that the run needs cannot work without it.
	Blocks bool `json:"blocks"`
}

// Run asks the cluster. The error is for one that does not answer; what it does not tell is in the Report.
func Run(ctx context.Context, c *cluster.Client, q Question) (Report, error) {
	version, err := c.Discovery.ServerVersion()
	if err != nil {
		return Report{}, fmt.Errorf("the cluster does not answer: %w", err)
	}
	r := Report{Server: version.GitVersion, Needed: q.Needed}
	groups, err := apiGroups(c.Discovery)
	if err != nil {
		r.Unknown = append(r.Unknown, err.Error())
	}
	for _, m := range Modes() {
		namespace := q.Namespace
		if m == Load && q.LoadNamespace != "" {
			namespace = q.LoadNamespace
		}
		r.Access = append(r.Access, ask(ctx, c, about(Rules(m), q), m, namespace, groups)...)
	}
	r.readNodes(ctx, c)
	r.Sources = append(r.Sources, readerSource(ctx, c, q, r.granted(Reader)), metricsServer(ctx, c, q, groups))
	return r, nil
}

// granted tells whether all that m requires is granted.
func (r Report) granted(m Mode) bool {
	for _, a := range r.Access {
		if a.Mode == m && a.Required && !a.Absent && !a.Granted() {
			return false
		}
	}
	return true
}

// needs tells whether the run needs m.
func (r Report) needs(m Mode) bool {
	for _, n := range r.Needed {
		if n == m {
			return true
		}
	}
	return false
}

// Missing are the gaps of the result, those that block the run first.
func (r Report) Missing() []Missing {
	var blocks, rest []Missing
	for _, a := range r.Access {
		switch {
		case a.Granted() || a.Absent || a.Mode == Proxy && !r.needs(Proxy):
		case a.Unknown != "":
			rest = append(rest, Missing{What: "whether this is allowed: " + a.Rule, Mode: a.Mode, Fix: a.Unknown})
		case r.needs(a.Mode) && (a.Required || a.Mode == Proxy):
			blocks = append(blocks, Missing{What: a.Gives, Mode: a.Mode, Fix: a.fix(), Blocks: true})
		default:
			rest = append(rest, Missing{What: fmt.Sprintf("%s (%s)", a.Gives, a.Mode), Mode: a.Mode, Fix: a.fix()})
		}
	}
	for _, s := range r.Sources {
		if !s.Answers && s.Lacks != "" {
			rest = append(rest, Missing{What: s.Lacks, Mode: s.Mode, Fix: s.Fix})
		}
	}
	return append(blocks, rest...)
}

// Answers tells whether the source of m does.
func (r Report) Answers(m Mode) bool {
	return slices.ContainsFunc(r.Sources, func(s Source) bool { return s.Mode == m && s.Answers })
}

// Lacking says why the source of m does not answer, and what would bring it; "" where it does.
func (r Report) Lacking(m Mode) string {
	for _, s := range r.Sources {
		if s.Mode == m && !s.Answers {
			return s.Detail + ": " + s.Fix
		}
	}
	return ""
}

func (a Access) fix() string {
	return fmt.Sprintf("%s   (ClusterRole plimsoll-%s of deploy/rbac.yaml)", a.Missing, a.Mode)
}

// Ready tells whether the modes that the run needs are granted.
func (r Report) Ready() bool {
	for _, m := range r.Missing() {
		if m.Blocks {
			return false
		}
	}
	return true
}
