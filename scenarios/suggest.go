package scenarios

import (
	"fmt"
	"strings"
)

// suggest says which of the allowed words given was meant for, or lists them all.
func suggest(given string, allowed []string) string {
	if word, ok := nearest(given, allowed); ok {
		return fmt.Sprintf("did you mean %q?", word)
	}
	return "allowed: " + strings.Join(allowed, ", ")
}

// nearest finds the allowed word that takes the fewest edits from given, at most one for every three letters of it.
func nearest(given string, allowed []string) (string, bool) {
	if len(given) > 40 {
		return "", false
	}
	best, word := max(1, len(given)/3)+1, ""
	for _, a := range allowed {
		if d := edits(strings.ToLower(given), a); d < best && d < len(a) {
			best, word = d, a
		}
	}
	return word, word != ""
}

// edits is the number of letters to insert, delete, replace or swap with their neighbour to make a into b
// (optimal string alignment distance).
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
