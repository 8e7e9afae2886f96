package learn

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// Measure is a mean load with its sampling deviation, both in Erlangs.
type Measure struct {
	Erlangs float64 `json:"erlangs"`
	SD      float64 `json:"sd"` // sampling deviation, Erlangs
}

// SoakResult is what was measured of a shift while its switch stood at X: one soak, or the samples before a run.
type SoakResult struct {
	Shift  string        `json:"shift"` // its id
	At     time.Time     `json:"at"`    // its end
	X      int           `json:"x_percent"`
	Window time.Duration `json:"window_ns"` // how long it was
	From   Measure       `json:"from"`
	To     Measure       `json:"to"`
	// the other pools of the server together: they tell the time of day; 0: there are none
	Others Measure `json:"others"`
	// share of To that was predicted, with its 95 % interval; nil: nothing could be
	Expected *load.Range `json:"expected,omitempty"`
	// of the counters about the traffic change before the soak; empty: there was none
	Verdict Verdict        `json:"verdict,omitempty"`
	Why     verdict.Reason `json:"why,omitzero"`  // of Verdict, with its numbers; none: there is no verdict
	All     bool           `json:"all,omitempty"` // the verdict is that of all soaks together
	// the share is as expected, and had it stayed as it was it would not be
	Risen    bool `json:"risen,omitempty"`
	Excluded      // why nothing is learnt from it; none: something is
	// the traffic was taken back from there: more came than was expected
	Back   bool `json:"back,omitempty"`
	Survey bool `json:"survey,omitempty"` // of the samples before a run: no traffic change was made before it
}

// Spoken is the soak as a journal keeps it: each reason in it with its sentence.
func (p SoakResult) Spoken() SoakResult {
	p.Why, p.Excluded = p.Why.Spoken(), p.Excluded.Spoken()
	return p
}

// Share is the part of the two pools' load that To carries, and its sampling deviation by the delta method. What both
// pools have in common, such as the time of day, is not in it.
func (p SoakResult) Share() (share, sd float64) {
	total := p.From.Erlangs + p.To.Erlangs
	if total <= 0 {
		return 0, math.Inf(1)
	}
	return p.To.Erlangs / total, math.Hypot(p.From.Erlangs*p.To.SD, p.To.Erlangs*p.From.SD) / (total * total)
}

// Surprise is how far outside of what was predicted the share is; none: it is inside, or nothing was predicted.
func (p SoakResult) Surprise() verdict.Reason {
	if p.Expected == nil || p.Excluded.Any() {
		return verdict.Reason{}
	}
	if share, _ := p.Share(); share < p.Expected.Lower || share > p.Expected.Upper {
		return verdict.Of(verdict.Surprise, "", p.X, 100*share, 100*p.Expected.Lower, 100*p.Expected.Upper)
	}
	return verdict.Reason{}
}

// FractionEstimate is what is known of the fraction of a shift.
type FractionEstimate struct {
	Fraction load.Range `json:"fraction"` // with its 95 % interval
	Soaks    int        `json:"soaks"`    // that it rests on; 0: the prior alone
	Method   string     `json:"method"`   // how it was found, in words
	own      float64
	fit      line
	prior    bool
}

// line is a weighted least-squares line through shares over X/100, with known variances.
type line struct {
	a, b         float64 // share = a + b·x
	w, mean, sxx float64 // Σw, weighted mean of x, Σw(x − mean)²
	inflate      float64 // of the variances: residuals beyond what they explain; 1: none are
	least, most  float64 // x of the soaks
	last, lastSD float64
	lastX        float64
	soaks        int
}

// refuted is how many deviations a prior may be away from what was measured. chosen: 2, because with a true one that is
// one in twenty soaks, and the cost is then no more than to go by what was measured.
const refuted = 2

// Learn refines a prior fraction by soak results. The share of To is linear in X where the switch is:
//
//	To / (From + To) = own + (1 − own)·φ·X,  own: the share of To's own load at X = 0
//
// so φ = slope / (1 − intercept) of a line through the shares, weighted by their sampling variances, which are known
// (a·S·(1 + cv²)/T of a load a with holds S over T): the interval is normal, and wider by the residuals where they are
// more than chance (χ² at 95 %); how far the line is drawn out beyond its soaks is in it, too. The prior stands until
// the soak results know better: until their interval is narrower, or the prior is outside of it by more than chance.
//
// Source: weighted regression with known variances, Draper & Smith, Applied Regression Analysis, 2.11; delta method for
// the quotient.
func Learn(prior load.Range, soaks []SoakResult) FractionEstimate {
	prior = doubted(prior, soaks)
	b := FractionEstimate{Fraction: prior, Method: "prior", prior: true}
	b.fit = lineOf(soaks)
	b.own = b.fit.own(prior.Target)
	f := b.fit
	if !f.tells() {
		return b
	}
	at0 := 1 - f.a
	phi := f.b / at0
	slopeVar, meanVar := f.inflate/f.sxx, f.inflate/f.w
	interceptVar := meanVar + f.mean*f.mean*slopeVar
	covariance := -f.mean * slopeVar
	sd := math.Sqrt(slopeVar+phi*phi*interceptVar+2*phi*covariance) / at0
	priorSD := (prior.Upper - prior.Lower) / (2 * load.Z95)
	text := words.Count(f.soaks, "soak")
	switch away := math.Abs(phi-prior.Target) / math.Hypot(sd, priorSD); {
	case away > refuted:
		text += "; the prior is outside of the measured interval"
	case sd >= priorSD:
		b.Method = fmt.Sprintf("prior; %s tell less", words.Count(f.soaks, "soak"))
		return b
	}
	if best := share01(phi); best != phi {
		text += fmt.Sprintf(" (they say %.3g, which no fraction is: taken as %g)", phi, best)
		phi, f = best, f.through(best)
	}
	return FractionEstimate{Fraction: load.Range{Lower: share01(phi - load.Z95*sd), Target: phi,
		Upper: share01(phi + load.Z95*sd)}, Soaks: f.soaks, Method: text, own: f.a, fit: f}
}

// doubted is the prior after traffic had to be taken back: each time since something was learnt, what came may have
// been twice what was expected at most, or half. chosen: because each try is about half as bold then.
func doubted(r load.Range, soaks []SoakResult) load.Range {
	for _, p := range slices.Backward(soaks) {
		if p.Survey {
			continue
		}
		if !p.Excluded.Any() {
			break
		}
		if p.Back {
			r.Lower, r.Upper = r.Lower/2, min(1, 2*r.Upper)
		}
	}
	return r
}

// lineOf fits the line; excluded soaks are left out.
func lineOf(soaks []SoakResult) line {
	f := line{inflate: 1, least: math.Inf(1), most: math.Inf(-1)}
	type sample struct{ x, y, w float64 }
	var s []sample
	for _, p := range soaks {
		y, sd := p.Share()
		if p.Excluded.Any() || !(sd > 0) || math.IsInf(sd, 0) {
			continue
		}
		x := float64(p.X) / 100
		s = append(s, sample{x, y, 1 / (sd * sd)})
		f.w += 1 / (sd * sd)
		f.mean += x / (sd * sd)
		f.least, f.most = min(f.least, x), max(f.most, x)
		f.last, f.lastSD, f.lastX = y, sd, x
	}
	f.soaks = len(s)
	if f.soaks == 0 {
		return f
	}
	f.mean /= f.w
	var sxy, sy float64
	for _, p := range s {
		f.sxx += p.w * (p.x - f.mean) * (p.x - f.mean)
		sxy += p.w * (p.x - f.mean) * p.y
		sy += p.w * p.y
	}
	if f.most > f.least {
		f.b = sxy / f.sxx
	}
	f.a = sy/f.w - f.b*f.mean
	var chi2 float64
	for _, p := range s {
		r := p.y - f.a - f.b*p.x
		chi2 += p.w * r * r
	}
	if free := float64(f.soaks - 2); free > 0 && chi2 > (distuv.ChiSquared{K: free}).Quantile(0.95) {
		f.inflate = chi2 / free
	}
	return f
}

// tells reports whether the line says something of its slope: two places of the switch at least, and a load that has
// not all moved.
func (f line) tells() bool { return f.soaks >= 2 && f.most > f.least && f.a < 1 }

// through is the line of a fraction that is known, drawn through the middle of the soaks: what they are around stays,
// and only how steep the line is changes.
func (f line) through(phi float64) line {
	y := f.a + f.b*f.mean
	if moved := phi * f.mean; moved < 1 {
		f.a = min(1, max(0, (y-moved)/(1-moved)))
	}
	f.b = (1 - f.a) * phi
	return f
}

// own is the share of To's own load, where the fraction is taken to be phi: from the newest soak.
func (f line) own(phi float64) float64 {
	moved := phi * f.lastX
	if f.soaks == 0 || moved >= 1 {
		return 0
	}
	return max(0, (f.last-moved)/(1-moved))
}

// Predict returns the share of To that a next soak is expected to have at X, with the 95 % interval of a measurement
// whose sampling deviation is sd. It is nil where nothing was measured yet. A share is between 0 and 1, and so is what
// is expected.
func (b FractionEstimate) Predict(x int, sd float64) *load.Range {
	f, at := b.fit, float64(x)/100
	if f.soaks == 0 {
		return nil
	}
	var y, variance float64
	if b.prior { // from the newest soak on, by the prior's slope
		slope := (1 - b.own) * (at - f.lastX)
		y = f.last + slope*b.Fraction.Target
		deviation := slope * (b.Fraction.Upper - b.Fraction.Lower) / (2 * load.Z95)
		variance = f.lastSD*f.lastSD + deviation*deviation
	} else {
		y = f.a + f.b*at
		variance = f.inflate * (1/f.w + (at-f.mean)*(at-f.mean)/f.sxx)
	}
	half := load.Z95 * math.Sqrt(variance+b.inflated()*sd*sd)
	return &load.Range{Lower: share01(y - half), Target: share01(y), Upper: share01(y + half)}
}

func share01(x float64) float64 { return min(1, max(0, x)) }

func (b FractionEstimate) inflated() float64 { return max(1, b.fit.inflate) }
