package tuner

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
)

// text is for people: "In requests, this saves 20 of 40 cores and 20 of 40 GiB over 40 replicas: $390 a month less than
// $780; 6 whole nodes instead of 14."
func (s Saving) text(missing []string, p scenarios.Prices) string {
	text := ""
	if s.Before.CPU != nil || s.Before.Memory != nil {
		text = "In requests, this " + s.change() + " over " + plural(int64(s.Replicas), "replica") + s.priceText(p) + s.nodesText() + "."
	}
	if len(missing) > 0 {
		text += fmt.Sprintf(" Not compared: no request or limit is set for %s, before or now.", strings.Join(missing, ", "))
	}
	return strings.TrimSpace(text)
}

// change is what is known of cores and GiB: "saves 20 of 40 cores, needs 20 instead of 10 GiB".
func (s Saving) change() string {
	var saves, needs, parts []string
	add := func(was, is float64, unit string) {
		switch {
		case was > is:
			saves = append(saves, threeDigits(was-is)+" of "+unitText(was, unit))
		case was < is:
			needs = append(needs, threeDigits(is)+" instead of "+unitText(was, unit))
		}
	}
	if b, a := s.Before.CPU, s.After.CPU; b != nil && a != nil {
		add(b.Cores(), a.Cores(), "core")
	}
	if b, a := s.Before.Memory, s.After.Memory; b != nil && a != nil {
		add(gib(*b), gib(*a), "GiB")
	}
	if len(saves) > 0 {
		parts = append(parts, "saves "+strings.Join(saves, " and "))
	}
	if len(needs) > 0 {
		parts = append(parts, "needs "+strings.Join(needs, " and "))
	}
	if len(parts) == 0 {
		return "sets aside as much as before"
	}
	return strings.Join(parts, ", ")
}

// priceText is the difference in money; empty where it is not known, or nothing.
func (s Saving) priceText(p scenarios.Prices) string {
	if s.Before.Month == nil || s.After.Month == nil || *s.Before.Month == *s.After.Month {
		return ""
	}
	word := "less"
	if *s.After.Month > *s.Before.Month {
		word = "more"
	}
	return fmt.Sprintf(": %s a month %s than %s", money(math.Abs(*s.Before.Month-*s.After.Month), p), word, money(*s.Before.Month, p))
}

func (s Saving) nodesText() string {
	switch b, a := s.Before.Nodes, s.After.Nodes; {
	case b == nil || a == nil:
		return ""
	case *b == *a:
		return "; the same number of whole nodes, " + figures(float64(*a))
	default:
		return fmt.Sprintf("; %d whole nodes instead of %d", *a, *b)
	}
}

// money is "$390" or "$26.50", and "390 EUR" for a code.
func money(amount float64, p scenarios.Prices) string {
	text := strconv.FormatFloat(amount, 'f', 2, 64)
	if amount >= 100 || strings.HasSuffix(text, ".00") {
		text = strconv.FormatFloat(amount, 'f', 0, 64)
	}
	if len(p.Currency) == 3 && p.Currency[0] < 0x80 {
		return text + " " + p.Currency
	}
	return p.Currency + text
}

// unitText is "1 core", "2 cores", "2 GiB".
func unitText(x float64, unit string) string {
	text := threeDigits(x)
	if unit == "core" && text != "1" {
		unit = "cores"
	}
	return text + " " + unit
}

// threeDigits writes x with three significant digits, and all of them from 100 on.
func threeDigits(x float64) string {
	if x >= 100 {
		return figures(x)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}
