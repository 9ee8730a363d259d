package scenarios

import "testing"

func TestDigest(t *testing.T) {
	traffic := func() Traffic {
		return Traffic{Protocol: HTTP1, Arrivals: Uniform, Hits: []Hit{{Name: "work", Weight: 1, Method: "GET", Path: "/work", Body: NewSecret("abc"),
			Headers: []Variable{{Name: "Authorization", Value: NewSecret("one")}}}}}
	}
	was := traffic().Digest()
	for name, c := range map[string]struct {
		change func(*Traffic)
		same   bool
	}{
		"nothing":            {func(*Traffic) {}, true},
		"another host":       {func(t *Traffic) { t.URL = "http://other:1/" }, true},
		"another token":      {func(t *Traffic) { t.Hits[0].Headers[0].Value = NewSecret("two") }, true},
		"another folder":     {func(t *Traffic) { t.TLS.CAFile = "/elsewhere/ca.pem" }, true},
		"another path":       {func(t *Traffic) { t.Hits[0].Path = "/other" }, false},
		"another weight":     {func(t *Traffic) { t.Hits[0].Weight = 2 }, false},
		"another body":       {func(t *Traffic) { t.Hits[0].Body = NewSecret("abd") }, false},
		"another protocol":   {func(t *Traffic) { t.Protocol = HTTP2 }, false},
		"other arrivals":     {func(t *Traffic) { t.Arrivals = Poisson }, false},
		"one header more":    {func(t *Traffic) { t.Hits[0].Headers = append(t.Hits[0].Headers, Variable{Name: "Accept"}) }, false},
		"rows":               {func(t *Traffic) { t.Hits[0].Data = &Data{Columns: []string{"a"}, Rows: [][]string{{"1"}}} }, false},
		"short connections":  {func(t *Traffic) { t.HitsPerConnection = 1 }, false},
		"a longer body":      {func(t *Traffic) { t.Hits[0].Body, t.Hits[0].BodyMarked = NewSecret("abcd"), true }, false},
		"another hit beside": {func(t *Traffic) { t.Hits = append(t.Hits, Hit{Name: "b", Weight: 1, Path: "/"}) }, false},
	} {
		changed := traffic()
		c.change(&changed)
		if got := changed.Digest(); (got == was) != c.same || len(got) != 64 {
			t.Errorf("%s: the same is %v, want %v (%s)", name, got == was, c.same, got)
		}
	}
	marked, other := traffic(), traffic()
	marked.Hits[0].BodyMarked, other.Hits[0].BodyMarked, other.Hits[0].Body = true, true, NewSecret("xyz")
	if marked.Digest() != other.Digest() {
		t.Error("the digest depends on a secret body")
	}
}
