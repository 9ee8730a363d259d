package tuner

import (
	"math"
	"slices"
)

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

// median of x, which it leaves as it is; 0 where x is empty.
func median(x []float64) float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	return middle(s)
}

// middle is the median of sorted values; 0 where there are none.
func middle(s []float64) float64 {
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// theilSen is the median of the slopes between all pairs of points: a slope that a quarter of outliers does not move.
// 0 where no two points differ in t. (0, 1), (1, 2), (2, 30), (3, 4): slopes 1, 14.5, 1, 28, 1, −26 → 1.
//
// Source: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968), p. 1379,
// https://doi.org/10.1080/01621459.1968.10480934
func theilSen(t, y []float64) float64 {
	slopes := make([]float64, 0, len(t)*(len(t)-1)/2)
	for i := range t {
		for j := i + 1; j < len(t); j++ {
			if t[j] != t[i] {
				slopes = append(slopes, (y[j]-y[i])/(t[j]-t[i]))
			}
		}
	}
	slices.Sort(slopes)
	return middle(slopes)
}

// regression is a fit of y = Σ b·x by least squares.
type regression struct {
	b, sigma []float64 // coefficients and their standard errors, in the order of the columns
	rss      float64   // residual sum of squares, of the transformed values
	phi      float64
}

// autocorrelation is the correlation phi of neighbouring residuals of an ordinary fit, 0–0.97. The estimate from few
// points is too small, the more so the more columns p were fitted: with n points, phi = (r + p/n) / (1 − 2p/n).
//
// Source: F. H. C. Marriott, J. A. Pope, Bias in the estimation of autocorrelations, Biometrika 41 (1954), p. 390.
func autocorrelation(x [][]float64, y []float64) float64 {
	r := prais(x, y, 0)
	var own, next, last float64
	for k := range y {
		e := y[k]
		for i := range x {
			e -= r.b[i] * x[i][k]
		}
		own += e * e
		next += e * last
		last = e
	}
	if own == 0 {
		return 0
	}
	p, n := float64(len(x)), float64(len(y))
	return min(max((next/own+p/n)/(1-2*p/n), 0), 0.97)
}

// prais is a regression with residuals of autocorrelation phi at a lag of one: each value has phi times the one before
// it taken off, the first is scaled by √(1−phi²), and the rest is ordinary least squares. phi = 0 is just that.
//
// Source: S. J. Prais, C. B. Winsten, Trend estimators and serial correlation, Cowles Commission paper 383 (1954).
func prais(x [][]float64, y []float64, phi float64) regression {
	whiten := func(v []float64) []float64 {
		w := make([]float64, len(v))
		w[0] = math.Sqrt(1-phi*phi) * v[0]
		for i := 1; i < len(v); i++ {
			w[i] = v[i] - phi*v[i-1]
		}
		return w
	}
	columns := make([][]float64, len(x))
	for i := range x {
		columns[i] = whiten(x[i])
	}
	r := leastSquares(columns, whiten(y))
	r.phi = phi
	return r
}

// leastSquares solves the normal equations by elimination with the inverse beside them. Columns that depend on each
// other give coefficients of 0 with infinite errors.
func leastSquares(x [][]float64, y []float64) regression {
	p := len(x)
	a := make([][]float64, p) // [XᵀX | I | Xᵀy]
	for i := range a {
		a[i] = make([]float64, 2*p+1)
		for j := range p {
			a[i][j] = dot(x[i], x[j])
		}
		a[i][p+i], a[i][2*p] = 1, dot(x[i], y)
	}
	for i := range p {
		eliminate(a, i)
	}
	r := regression{b: make([]float64, p), sigma: make([]float64, p)}
	for i := range p {
		r.b[i] = a[i][2*p]
	}
	for k := range y {
		e := y[k]
		for i := range p {
			e -= r.b[i] * x[i][k]
		}
		r.rss += e * e
	}
	for i := range p {
		r.sigma[i] = math.Sqrt(math.Max(a[i][p+i], 0) * r.rss / float64(max(len(y)-p, 1)))
		if a[i][i] == 0 {
			r.sigma[i] = math.Inf(1)
		}
	}
	return r
}

// eliminate makes column i of a the i-th unit vector; where that is impossible it clears the row.
func eliminate(a [][]float64, i int) {
	pivot := i
	for k := i; k < len(a); k++ {
		if math.Abs(a[k][i]) > math.Abs(a[pivot][i]) {
			pivot = k
		}
	}
	a[i], a[pivot] = a[pivot], a[i]
	if math.Abs(a[i][i]) < 1e-12 {
		clear(a[i])
		return
	}
	scale := a[i][i]
	for c := range a[i] {
		a[i][c] /= scale
	}
	for k := range a {
		if f := a[k][i]; k != i && f != 0 {
			for c := range a[k] {
				a[k][c] -= f * a[i][c]
			}
		}
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}
