package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// besideData is behind the charts of the trial beside autoscalers. Every column has one value for each of T.
type besideData struct {
	// T is seconds since load began, Hold when the hold did.
	T    column  `json:"t"`
	Hold float64 `json:"hold"`
	// Desired and Ready are replicas, Offered hits per second.
	Desired  column        `json:"desired"`
	Ready    column        `json:"ready"`
	Offered  column        `json:"offered"`
	Requests []requestData `json:"requests"`
}

// requestData is one request of one container over its Pods, in millicores or MiB; NaN where none was seen.
type requestData struct {
	Unit    string  `json:"unit"`
	Least   column  `json:"least"`
	Most    column  `json:"most"`
	Derived float64 `json:"derived"`
}

// TogetherLine is the verdict on the trial beside autoscalers in one line, with the check that decided.
func TogetherLine(x compat.Coexistence, style Style) string {
	role := map[tuner.Judgement]Role{tuner.Pass: Good, tuner.Fail: Bad}
	r, known := role[x.Judgement]
	if !known {
		r = Doubt
	}
	return fmt.Sprintf("beside its autoscalers: %s  %s", style.apply(r, judgement(tuner.Verdict{Judgement: x.Judgement})), Clean(decidingCheck(x)))
}

// decidingCheck is the reason of the first check that the verdict rests on; of a pass, the one that says what served.
func decidingCheck(x compat.Coexistence) string {
	at := slices.IndexFunc(x.Checks, func(c compat.Requirement) bool { return c.Judgement == x.Judgement })
	if at < 0 {
		return ""
	}
	return x.Checks[at].Why
}

// addTrial shows the trial beside autoscalers.
func (v *compatView) addTrial(x compat.Coexistence) {
	v.Together, v.Tone = string(x.Judgement), tone(tuner.Verdict{Judgement: x.Judgement})
	v.Checks.Head = []string{"Check", "Verdict", "Why"}
	for _, check := range x.Checks {
		v.Checks.Rows = append(v.Checks.Rows, []string{check.Name, string(check.Judgement), Clean(check.Why)})
	}
	for i := range x.Trajectory.Suggested {
		if text := copied(&x.Trajectory.Suggested[i], "mend.yaml"); text != nil {
			v.InForce = append(v.InForce, *text)
		}
	}
	v.Trajectory, v.data = besideFigures(x)
}

// besideFigures are the charts of replicas and of each request that was derived; none where nothing was seen.
func besideFigures(x compat.Coexistence) ([]figure, besideData) {
	t := x.Trajectory
	d := besideData{Hold: t.HoldFrom.Seconds()}
	if len(t.Points) == 0 {
		return nil, d
	}
	replicas := grid{Head: []string{"Time", "Offered", "Replicas wanted", "Replicas ready", "Requests"}}
	for _, p := range t.Points {
		d.T, d.Offered = append(d.T, p.At.Seconds()), append(d.Offered, p.Offered)
		d.Desired, d.Ready = append(d.Desired, float64(p.Desired)), append(d.Ready, float64(p.Ready))
		replicas.Rows = append(replicas.Rows, []string{clock(p.At), rate(p.Offered), fmt.Sprint(p.Desired), fmt.Sprint(p.Ready), carriedText(p.Pods)})
	}
	replicas.Rows = changing(replicas.Rows, 2)
	all := []figure{{Kind: "beside-replicas", Title: "Replicas beside its autoscalers", Sentence: checkNamed(x, "follows"), Table: replicas}}
	for _, c := range t.Derived {
		for _, r := range []tuner.Resource{tuner.CPU, tuner.Memory} {
			if f, data, ok := requestFigure(t, c, r, len(d.Requests)); ok {
				all, d.Requests = append(all, f), append(d.Requests, data)
			}
		}
	}
	return all, d
}

// requestFigure is one request of one container over its Pods; ok is false where none was derived.
func requestFigure(t compat.Trajectory, c tuner.ContainerSettings, r tuner.Resource, index int) (f figure, d requestData, ok bool) {
	want := settingOf(c, r, "request")
	if want == 0 {
		return f, d, false
	}
	name := Clean(c.Container) + " " + string(r) + " request"
	d = requestData{Unit: map[tuner.Resource]string{tuner.CPU: "m", tuner.Memory: "Mi"}[r], Derived: inChartUnit(r, want)}
	f = figure{Kind: "beside-request", Key: fmt.Sprint(index), Title: name + " of its Pods", Table: grid{Head: []string{"Time", "Least", "Most", "Derived"}}}
	lowest, highest := int64(math.MaxInt64), int64(-1)
	for _, p := range t.Points {
		least, most := int64(math.MaxInt64), int64(-1)
		for _, pod := range p.Pods {
			if got, there := pod.Settings.Of(c.Container); there {
				least, most = min(least, settingOf(got, r, "request")), max(most, settingOf(got, r, "request"))
			}
		}
		row := []string{clock(p.At), unknown, unknown, amount(r, want)}
		low, high := math.NaN(), math.NaN()
		if most >= 0 {
			low, high = carriedUnit(r, least), carriedUnit(r, most)
			row[1], row[2] = amount(r, least), amount(r, most)
		}
		lowest, highest = min(lowest, least), max(highest, most)
		d.Least, d.Most, f.Table.Rows = append(d.Least, low), append(d.Most, high), append(f.Table.Rows, row)
	}
	f.Table.Rows = changing(f.Table.Rows, 1)
	f.Sentence = requestSentence(r, want, lowest, highest)
	return f, d, true
}

// requestSentence says what Pods carried of what was derived; highest is below 0 where no Pod was seen.
func requestSentence(r tuner.Resource, derived, lowest, highest int64) string {
	switch {
	case highest < 0:
		return "No Pod with this container was seen."
	case lowest == derived && highest == derived:
		return fmt.Sprintf("Every Pod carried the %s that was derived.", amount(r, derived))
	}
	return fmt.Sprintf("Derived was %s; its Pods carried from %s to %s.", amount(r, derived), amount(r, lowest), amount(r, highest))
}

// changing are the first row, the last, and those whose cells from one column on differ from the row before.
func changing(rows [][]string, from int) [][]string {
	var all [][]string
	for i, row := range rows {
		if i == 0 || i == len(rows)-1 || !slices.Equal(row[from:], rows[i-1][from:]) {
			all = append(all, row)
		}
	}
	return all
}

// carriedUnit is a request in the unit of a chart; 0 is none, and is drawn as such.
func carriedUnit(r tuner.Resource, value int64) float64 {
	if r == tuner.Memory {
		return float64(value) / float64(scenarios.MiB)
	}
	return float64(value)
}

// checkNamed is the reason of one check as a sentence.
func checkNamed(x compat.Coexistence, name string) string {
	for _, c := range x.Checks {
		if c.Name == name && c.Why != "" {
			why := Clean(c.Why)
			return strings.ToUpper(why[:1]) + why[1:] + "."
		}
	}
	return ""
}

// carriedText is the requests of Pods, each kind once: "app 340m 77Mi".
func carriedText(pods []compat.Carried) string {
	var all []string
	for _, p := range pods {
		for _, c := range p.Settings {
			text := Clean(c.Container) + " " + amount("cpu", int64(c.CPURequest)) + " " + amount("memory", int64(c.MemoryRequest))
			if !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return strings.Join(all, ", ")
}
