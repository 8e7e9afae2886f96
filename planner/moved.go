package planner

import (
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Verdict is what counters say about a turn of a traffic switch.
type Verdict string

// The verdicts.
const (
	Moved      Verdict = "moved"
	NotMoved   Verdict = "not moved"
	CannotTell Verdict = "cannot tell yet"
	Confounded Verdict = "confounded" // something else happened at the same time
)

// Block is what arrived between two looks.
type Block struct {
	Span     time.Duration
	From, To int64 // transactions of the two pools
}

// Turned is a turn of the switch with the looks before and after it.
type Turned struct {
	Before, After []Block       // one after the other, without gaps
	FromX, ToX    int           // percent
	Fraction      Range         // as believed
	Hold          time.Duration // of From's transactions
}

// Judgement is a verdict with its figures, in transactions per second from one pool to the other.
type Judgement struct {
	Verdict Verdict
	Power   float64 // the chance that a look of that length says "moved" if as little moves as is believed to, 0..1
	Seen    float64
	SD      float64
	Text    string
}

// Thresholds of a Judgement. chosen: a false "moved" once in ten thousand turns; a change of the sum beyond three deviations
// is no chance; a tenth of the look is what transactions that were under way may blur.
const (
	movedByChance  = 1e-4
	conserved      = 3
	slowShare      = 0.1
	leastFreedom   = 8
	enoughPower    = 0.8 // that a look must have had to say "not moved"
	arrivalsPerSum = 2   // the fraction is one of load; of arrivals it may be twice that, or half
)

// Judge says whether a turn moved traffic. Arrivals are compared, not loads: PgBouncer counts one when its first query comes,
// however long it takes. Of each pool, and of both together, the jump at the turn is estimated beside a common slope, so that
// what comes and goes with the time of day is none; the deviation is that of the residuals, at least that of Poisson arrivals.
// It moved where both pools jump, opposite ways, their sum does not, and the half of the looks next to the turn shows it, too:
// what comes in a curve shows less the closer one looks. It did not move where the jump is as good as none, and a look of that
// length would have seen the least that was expected.
func Judge(t Turned) Judgement {
	rates := func(of func(Block) float64) (before, after []float64) {
		for _, b := range t.Before {
			before = append(before, of(b)/b.Span.Seconds())
		}
		for _, b := range t.After {
			after = append(after, of(b)/b.Span.Seconds())
		}
		return before, after
	}
	freedom := len(t.Before) + len(t.After) - 3
	if freedom < leastFreedom || len(t.Before) < 3 || len(t.After) < 3 {
		return Judgement{Verdict: CannotTell, Text: fmt.Sprintf("%d looks before and %d after the turn are too few", len(t.Before), len(t.After))}
	}
	var window, all time.Duration
	var seenFrom, seenAll float64
	for _, b := range t.Before {
		all += b.Span
		seenFrom += float64(b.From)
		seenAll += float64(b.From + b.To)
	}
	fromPerSec := seenFrom / all.Seconds()
	for _, b := range t.After {
		window, all, seenAll = window+b.Span, all+b.Span, seenAll+float64(b.From+b.To)
	}
	perBlock := seenAll / all.Seconds() / (all.Seconds() / float64(len(t.Before)+len(t.After))) // Poisson variance of the sum's rate
	from := jumpOf(rates(func(b Block) float64 { return float64(b.From) }))
	to := jumpOf(rates(func(b Block) float64 { return float64(b.To) }))
	sum := jumpOf(rates(func(b Block) float64 { return float64(b.From + b.To) })).atLeast(perBlock)
	moved := jumpOf(rates(func(b Block) float64 { return float64(b.To-b.From) / 2 })).atLeast(perBlock / 4)
	near := jumpOf(halves(rates(func(b Block) float64 { return float64(b.To-b.From) / 2 }))).atLeast(perBlock / 4)

	expected := fromPerSec * float64(t.ToX-t.FromX) / 100 / max(0.01, 1-t.Fraction.Target*float64(t.FromX)/100)
	least, most := expected*t.Fraction.Lower/arrivalsPerSum, expected*t.Fraction.Upper*arrivalsPerSum
	if expected < 0 { // the switch goes back
		from, to, moved, near = from.back(), to.back(), moved.back(), near.back()
		least, most = -least, -most
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(freedom)}
	critical := student.Quantile(1 - movedByChance)
	j := Judgement{Verdict: CannotTell, Seen: moved.size, SD: moved.sd, Power: 1}
	for _, of := range []struct {
		jump
		least, deviations float64
	}{{moved, least, critical}, {from, least, conserved}, {to, least, conserved}, {near, least, 2}} { // all of them have to show it
		j.Power = min(j.Power, 1-student.CDF(of.deviations-of.least/of.sd))
	}
	figures := fmt.Sprintf("%.3g ± %.2g transactions/s, %.3g to %.3g expected", moved.size, 2*moved.sd, least, most)
	switch {
	case t.Hold.Seconds() > slowShare*window.Seconds():
		j.Text = fmt.Sprintf("its transactions take %s, and the look was %s", round(t.Hold), round(window))
	case math.Abs(sum.size) > conserved*sum.sd:
		j.Verdict = Confounded
		j.Text = fmt.Sprintf("both pools together got %+.3g ± %.2g transactions/s at the turn: something else happened", sum.size, 2*sum.sd)
	case moved.size > most+conserved*moved.sd:
		j.Verdict = Confounded
		j.Text = figures + ": more than the switch explains"
	case moved.size > critical*moved.sd && from.size < -conserved*from.sd && to.size > conserved*to.sd && math.Abs(sum.size) < moved.size &&
		near.size > 2*near.sd && near.size > moved.size/2:
		j.Verdict, j.Text = Moved, figures
	case moved.size < -conserved*moved.sd:
		j.Verdict, j.Text = Confounded, figures+": the other way"
	case math.Abs(moved.size) < 2*moved.sd && moved.size+conserved*moved.sd < least && j.Power >= enoughPower:
		j.Verdict, j.Text = NotMoved, figures
	default:
		j.Text = fmt.Sprintf("%s, power %.0f %%", figures, 100*j.Power)
	}
	return j
}

// halves leaves what is next to the turn.
func halves(before, after []float64) (b, a []float64) {
	return before[len(before)/2:], after[:(len(after)+1)/2]
}

// jump is how far a series steps at the turn, beside a slope that it has before and after.
type jump struct {
	size, sd float64
	spread   float64 // sd of the jump for blocks of variance 1
}

// jumpOf fits y = level + slope·t + jump·(after the turn) by least squares, blocks one unit of time apart: the slope within
// the two stretches, then the difference of their means less what the slope makes of it.
func jumpOf(before, after []float64) jump {
	n1, n2 := float64(len(before)), float64(len(after))
	mean := func(y []float64) (m float64) {
		for _, v := range y {
			m += v / float64(len(y))
		}
		return m
	}
	m1, m2 := mean(before), mean(after)
	var stt, sty float64
	within := func(y []float64, m float64) {
		for i, v := range y {
			d := float64(i) - (float64(len(y))-1)/2
			stt += d * d
			sty += d * (v - m)
		}
	}
	within(before, m1)
	within(after, m2)
	slope := sty / stt
	apart := (n1 + n2) / 2
	var rss float64
	residuals := func(y []float64, m float64) {
		for i, v := range y {
			r := v - m - slope*(float64(i)-(float64(len(y))-1)/2)
			rss += r * r
		}
	}
	residuals(before, m1)
	residuals(after, m2)
	j := jump{size: m2 - m1 - slope*apart, spread: math.Sqrt(1/n1 + 1/n2 + apart*apart/stt)}
	j.sd = j.spread * math.Sqrt(rss/(n1+n2-3))
	return j
}

// atLeast is the jump with a deviation that is not below that of blocks with the variance.
func (j jump) atLeast(variance float64) jump {
	j.sd = max(j.sd, j.spread*math.Sqrt(variance))
	return j
}

func (j jump) back() jump { j.size = -j.size; return j }
