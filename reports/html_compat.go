package reports

import (
	"strings"

	"github.com/plimsoll/plimsoll/tuner/compat"
)

// compatView is the section on autoscalers, budgets and quotas.
type compatView struct {
	Tally    string
	Findings []compatFinding
	// Unchecked says what was not checked, and why.
	Unchecked []string
	// Combination in one line, then its notes; empty without trials that tell.
	Combination string
	Notes       []string
	// Suggested autoscalers, ready to be copied.
	Suggested []copyable
	// Together is the verdict on the trial beside the autoscalers; empty where none was run.
	Together string
	Tone     string
	Checks   grid
	// InForce are the suggested autoscalers that it ran beside; empty: those that there are.
	InForce []copyable
	// Trajectory of replicas and requests in that trial, with the data behind its charts.
	Trajectory []figure
	data       besideData
}

// compatFinding is one finding.
type compatFinding struct {
	Rule, Severity, Tone, Object, Field, Value, Why, Fix string
	Mend                                                 *copyable
}

// copyable is text beside a button that copies it.
type copyable struct{ Label, Value string }

func newCompatView(c *Compat) *compatView {
	if c == nil {
		return nil
	}
	v := compatView{Tally: tally(c.Report), Unchecked: uncheckedLines(c.Report)}
	for _, f := range c.Findings {
		v.Findings = append(v.Findings, compatFinding{
			Rule: f.Rule, Severity: string(f.Severity), Tone: map[compat.Severity]string{compat.Error: "bad", compat.Warning: "doubt"}[f.Severity],
			Object: Clean(f.Object.String()), Field: Clean(f.Field), Value: Clean(f.Value), Why: Clean(f.Why), Fix: Clean(f.Fix), Mend: copied(f.Mend, "mend.yaml"),
		})
	}
	if k := c.Combination; k != nil {
		v.Combination, v.Notes = combinationLine(*k), append(combinationNotes(*k), k.Notes...)
		for _, m := range []*compat.Mend{k.OnHits, k.OnLatency, k.VPA} {
			if text := copied(m, strings.ToLower(kindOf(m))+".yaml"); text != nil {
				v.Suggested = append(v.Suggested, *text)
			}
		}
	}
	if c.Coexistence != nil {
		v.addTrial(*c.Coexistence)
	}
	return &v
}

func kindOf(m *compat.Mend) string {
	if m == nil {
		return ""
	}
	return Clean(m.Object.Kind)
}

// copied is a mend with its command as a comment before it; nil for none.
func copied(m *compat.Mend, file string) *copyable {
	if m == nil {
		return nil
	}
	return &copyable{Clean(m.Object.String()), "# " + MendCommand(*m, file) + "\n" + m.YAML}
}
