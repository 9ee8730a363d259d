package compat

import (
	"cmp"
	"slices"

	"github.com/plimsoll/plimsoll/tuner"
)

// Severity says what a finding does to a run.
type Severity string

// The severities, from the worst.
const (
	Error   Severity = "error"   // will break, or make the derived settings void
	Warning Severity = "warning" // may
	Info    Severity = "info"    // worth knowing
)

// Finding is one thing that will not live in peace.
type Finding struct {
	// Rule is R1 to R22.
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Object, its field and the value found there.
	Object Ref    `json:"object"`
	Field  string `json:"field"`
	Value  string `json:"value"`
	// Why it matters, one sentence with the numbers filled in.
	Why string `json:"why"`
	// Fix says in words what to do.
	Fix string `json:"fix"`
	// Mend does it; nil where only a person can decide on the values.
	Mend *Mend `json:"mend,omitempty"`
}

// How says by which kubectl command a mend is applied.
type How string

// The ways to apply a mend.
const (
	StrategicPatch How = "patch"        // kubectl patch --patch-file
	MergePatch     How = "merge-patch"  // kubectl patch --type merge --patch-file
	ServerApply    How = "server-apply" // kubectl apply --server-side
	Create         How = "create"       // kubectl create
	Delete         How = "delete"       // kubectl delete: no YAML needed
)

// Mend is YAML that is ready to apply: it names its object and holds the fields to change and no others. It serves as a
// patch file and as a patch of kustomize.
type Mend struct {
	Object Ref    `json:"object"`
	How    How    `json:"how"`
	YAML   string `json:"yaml"`
}

// Unchecked is a rule that could not be checked, or not wholly.
type Unchecked struct {
	Rule string `json:"rule"`
	// Kind of object that could not be read; empty where something else is missing.
	Kind Kind   `json:"kind,omitempty"`
	Why  string `json:"why"`
	// Matters is true where the check has thereby not measured what it was asked for.
	Matters bool `json:"matters"`
}

// Report is all rules evaluated on one workload.
type Report struct {
	Workload Ref `json:"workload"`
	// Findings from the worst, then by the number of the rule and by object.
	Findings []Finding `json:"findings"`
	// Unchecked in the order of the rules; a rule may have findings too.
	Unchecked []Unchecked `json:"unchecked"`
	// Unread is what could not be read.
	Unread []Unread `json:"unread"`
	// Derived is true where the rules looked at settings that trials derived, false where at those the workload has.
	Derived bool `json:"derived"`
}

// Worst is the worst severity found; empty where nothing was.
func (r Report) Worst() Severity {
	if len(r.Findings) == 0 {
		return ""
	}
	return r.Findings[0].Severity
}

// Doubtful says whether something that matters could not be read.
func (r Report) Doubtful() bool {
	return slices.ContainsFunc(r.Unchecked, func(u Unchecked) bool { return u.Matters })
}

// Rule is one of the 22.
type Rule struct {
	ID    string
	Title string
	// needs are the kinds it rests on; derived is true where it says nothing without derived settings.
	needs   []Kind
	derived bool
	check   func(view) []Finding
}

// Evaluate checks every rule on s. measured is what trials derived and measured; nil where there were none, and then the
// settings that the workload has are looked at.
func Evaluate(s Snapshot, measured *Measured) Report {
	r := Report{Workload: s.Workload.Ref, Unread: s.Unread, Derived: measured != nil}
	v := newView(s, measured)
	for _, rule := range Rules() {
		for _, kind := range rule.needs {
			for _, u := range s.Unread {
				if u.Kind == kind {
					r.Unchecked = append(r.Unchecked, Unchecked{rule.ID, kind, u.Why, kind.Matters() && !s.Offline})
				}
			}
		}
		if rule.derived && measured == nil {
			r.Unchecked = append(r.Unchecked, Unchecked{Rule: rule.ID, Why: "no derived settings to compare with"})
			continue
		}
		for _, f := range rule.check(v) {
			f.Rule = rule.ID
			r.Findings = append(r.Findings, f)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) })
	return r
}

func rank(s Severity) int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// both are the two resources, in the order in which they are looked at.
var both = []tuner.Resource{tuner.CPU, tuner.Memory}
