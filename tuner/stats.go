package tuner

import "math"

// chanceOfMore is the probability of k or more events in n independent tries of probability p: the upper tail of the
// binomial distribution. 3 or more in 10 of 0.1: 0.0702; 0 or more: 1.
func chanceOfMore(n, k int64, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n || p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	sum := 0.0
	for i := k; i <= n; i++ {
		term := math.Exp(lnChoose(n, i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
		if sum += term; term < sum*1e-12 && float64(i) > float64(n)*p {
			break
		}
	}
	return min(sum, 1)
}

// lnChoose is the natural logarithm of the binomial coefficient n over k.
func lnChoose(n, k int64) float64 {
	lnFactorial := func(x int64) float64 { l, _ := math.Lgamma(float64(x) + 1); return l }
	return lnFactorial(n) - lnFactorial(k) - lnFactorial(n-k)
}
