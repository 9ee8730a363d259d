package main
import ("testing";"github.com/plimsoll/plimsoll/tuner")
func BenchmarkX(b *testing.B) {
	var longest ending
	for _, s := range newFleet(100, 5, 0.2, 0.95) {
		e, err := search(s)
		if err != nil { b.Fatal(err) }
		if len(e.history) > len(longest.history) { longest = e }
	}
	b.ReportAllocs()
	b.Log(len(longest.history), len(longest.specimen.goal.Limits))
	for b.Loop() { tuner.Decide(longest.specimen.goal, longest.history) }
}
