package loadgen

// textSearch looks for a text in a stream, however it is cut into pieces, and keeps none of it (Knuth, Morris and
// Pratt: each byte is looked at once, back is how much of the text still matches after a mismatch).
type textSearch struct {
	text string
	back []int
	// matched is how many bytes of text the stream ends in; len(text) once it was found.
	matched int
}

// newTextSearch returns a search for text; found at once where text is empty.
func newTextSearch(text string) textSearch {
	back := make([]int, len(text))
	for i, n := 1, 0; i < len(text); i++ {
		for n > 0 && text[i] != text[n] {
			n = back[n-1]
		}
		if text[i] == text[n] {
			n++
		}
		back[i] = n
	}
	return textSearch{text: text, back: back}
}

func (s *textSearch) restart() { s.matched = 0 }

func (s *textSearch) found() bool { return s.matched == len(s.text) }

// look reads the next piece of the stream.
func (s *textSearch) look(piece []byte) {
	if s.found() {
		return
	}
	for _, c := range piece {
		for s.matched > 0 && s.text[s.matched] != c {
			s.matched = s.back[s.matched-1]
		}
		if s.text[s.matched] == c {
			s.matched++
		}
		if s.found() {
			return
		}
	}
}
