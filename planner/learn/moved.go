package learn

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Verdict is what counters say about a traffic change.
type Verdict string

// The verdicts.
const (
	Moved      Verdict = "moved"           // one pool lost about what the other gained
	NotMoved   Verdict = "not moved"       // the smallest expected change would have been seen
	CannotTell Verdict = "cannot tell yet" // samples too few, or loads too noisy
	Confounded Verdict = "confounded"      // something else happened at the same time
)

// Block is what arrived between two samples.
type Block struct {
	Span     time.Duration // time between the two samples
	From, To int64         // transactions of the two pools
}

// ObservedChange is a traffic change with the samples before and after it.
type ObservedChange struct {
	Before, After []Block       // one after the other, without gaps
	FromX, ToX    int           // percent
	Fraction      load.Range    // as estimated
	Hold          time.Duration // of From's transactions
}

// Judgement is a verdict with its figures, in transactions per second from one pool to the other.
type Judgement struct {
	Verdict Verdict
	Power   float64        // the chance that a sample of that length says "moved" if as little moves as is expected, 0..1
	Seen    float64        // transactions per second that moved from one pool to the other
	SD      float64        // its deviation, transactions per second
	Why     verdict.Reason // the verdict with its numbers; of codes FewSamples to OppositeChange, never none
}

// What a Judgement claims, of loads that come by chance, in bursts, with the time of day, and in rhythms of any length.
// The claims are checked by simulation, see TestAJudgementHoldsWhatItClaims.
const (
	// of changes that move nothing, at most so many are said to have moved something. chosen: 1e-4, because "moved" lets a
	// run go on, and a year of steps must not have one that is wrong
	movedByChance = 1e-4
	// of changes that move the least that was expected, so many are said to have moved nothing. chosen: 1e-3, because "not
	// moved" only makes a run go back
	notMovedByChance = 1e-3
	// of changes beside which nothing else happens, so many are said to be confounded. chosen: 1e-2, because that only
	// makes a run wait for the next soak
	surpriseByChance = 1e-2
	// of changes that move a tenth of a pool of 1,000 transactions/s, so many are seen in five minutes. chosen: 0.9,
	// because a soak is three times as long
	movedPower = 0.9

	// rhythm is how many times Student's quantiles a jump must be beyond its deviation. The deviation is that of a few
	// long stretches, so a rhythm faster than them is in it; one that is slower bends them and makes a jump look larger.
	// Of all rhythms, from none to a random walk, with and without Poisson noise, the worst needs 1.35 times the quantile
	// at a chance of 1e-2 and 1.25 at 1e-4, of six stretches on either side; with more of them it would need more. Source:
	// simulated.
	rhythm = 1.4

	// on either side of the change, for which the deviation is taken. chosen: 6, because rhythm holds for so many
	stretches = 6
	// chosen: 4 on either side, because the deviation of fewer has no more than 3 degrees of freedom
	leastStretches = 4
	// share of the samples' time that transactions under way may blur. chosen: a tenth, because a jump loses less than its
	// deviation by it
	slowShare = 0.1
	// power that samples must have had to say "not moved". chosen: 0.8, because tests are designed for it as a rule
	enoughPower = 0.8
	// the fraction is one of load; of arrivals it may be so many times more or less. chosen: 2, because holds of two
	// classes of one application seldom differ by more
	arrivalsPerSum = 2
)

// Judge says whether a traffic change moved traffic. Arrivals are compared, not loads: PgBouncer counts one when its
// first query comes, however long it takes. Of each pool, and of both together, the jump at the change is estimated
// beside a common slope, so that what comes and goes with the time of day is none. Arrivals of one moment go with those
// of the next: the deviation is that of long stretches, in which such rhythms show, and at least that of Poisson
// arrivals.
//
// It moved where both pools jump, opposite ways, their sum does not, and the half of the samples next to the change
// shows it, too: what comes in a curve shows less the closer one samples. It did not move where the jump is as good as
// none, and a sample of that length would have seen the least that was expected.
func Judge(t ObservedChange) Judgement {
	n := min(len(t.Before), len(t.After))
	cannotTell := func(why verdict.Reason) Judgement { return Judgement{Verdict: CannotTell, Why: why} }
	if n < leastStretches {
		return cannotTell(verdict.Of(verdict.FewSamples, "", len(t.Before), len(t.After)))
	}
	before, after := sum(t.Before), sum(t.After)
	switch {
	case t.FromX == t.ToX:
		return cannotTell(verdict.Of(verdict.SwitchStays, "", t.ToX))
	case before.From+before.To+after.From+after.To == 0:
		return cannotTell(verdict.Of(verdict.NoXacts, ""))
	case before.From == 0:
		return cannotTell(verdict.Of(verdict.NoXactsToMove, ""))
	}
	from, to, both, moved := t.jump(n, 1, 0), t.jump(n, 0, 1), t.jump(n, 1, 1), t.jump(n, -0.5, 0.5)
	near := moved
	if n >= 2*leastStretches {
		near = t.jump(n/2, -0.5, 0.5)
	}
	expected := float64(before.From) / before.Span.Seconds() * float64(t.ToX-t.FromX) / 100 / max(0.01,
		1-t.Fraction.Target*float64(t.FromX)/100)
	least, most := expected*t.Fraction.Lower/arrivalsPerSum, expected*t.Fraction.Upper*arrivalsPerSum
	if expected < 0 { // the switch goes back
		from, to, moved, near = from.back(), to.back(), moved.back(), near.back()
		least, most = -least, -most
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: moved.freedom}
	beyond := func(chance float64) float64 { return rhythm * student.Quantile(1-chance) }
	// more or less of both, too much, the other way
	critical, surprise := beyond(movedByChance), beyond(surpriseByChance/4)
	j := Judgement{Verdict: CannotTell, Seen: moved.size, SD: moved.sd, Power: 1}
	for _, of := range []struct {
		jump
		deviations float64
	}{{moved, critical}, {from, surprise}, {to, surprise}, {near, 2}} { // all of them have to show it
		j.Power = min(j.Power, 1-student.CDF(of.deviations-least/of.sd))
	}
	figures := verdict.Of(verdict.Figures, "", verdict.Digits(moved.size), verdict.Deviation(2*moved.sd),
		verdict.Digits(least), verdict.Digits(most))
	switch {
	case t.Hold.Seconds() > slowShare*after.Span.Seconds():
		j.Why = verdict.Of(verdict.LongXacts, "", load.Round(t.Hold), load.Round(after.Span))
	case math.Abs(both.size) > surprise*both.sd:
		j.Verdict = Confounded
		j.Why = verdict.Of(verdict.BothChanged, "", verdict.Signed(both.size), verdict.Deviation(2*both.sd))
	case moved.size > most+surprise*moved.sd:
		j.Verdict, j.Why = Confounded, verdict.Of(verdict.MoreThanMoves, "", figures)
	case moved.size > critical*moved.sd && from.size < -surprise*from.sd && to.size > surprise*to.sd &&
		math.Abs(both.size) < moved.size &&
		near.size > 2*near.sd && near.size > moved.size/2:
		j.Verdict, j.Why = Moved, figures
	case moved.size < -surprise*moved.sd:
		j.Verdict, j.Why = Confounded, verdict.Of(verdict.OppositeChange, "", figures)
	case math.Abs(moved.size) < 2*moved.sd && moved.size+beyond(notMovedByChance)*moved.sd < least &&
		j.Power >= enoughPower:
		j.Verdict, j.Why = NotMoved, figures
	default:
		j.Why = verdict.Of(verdict.TooWeak, "", figures, 100*j.Power)
	}
	return j
}

// sum is all of some blocks.
func sum(blocks []Block) (all Block) {
	for _, b := range blocks {
		all = Block{all.Span + b.Span, all.From + b.From, all.To + b.To}
	}
	return all
}

// jump is that of a·From + b·To, a second, in the n blocks on either side that are next to the change.
func (t ObservedChange) jump(n int, a, b float64) jump {
	count := min(stretches, n)
	length := n / count
	rates := func(blocks []Block) (out []float64) {
		for part := range slices.Chunk(blocks, length) {
			all := sum(part)
			out = append(out, (a*float64(all.From)+b*float64(all.To))/all.Span.Seconds())
		}
		return out
	}
	before, after := t.Before[len(t.Before)-count*length:], t.After[:count*length]
	all := sum(slices.Concat(before, after))
	arrivals := a*a*float64(all.From+1) + b*b*float64(all.To+1) // and their variance, were they Poisson's; one at least
	return jumpOf(rates(before),
		rates(after)).atLeast(arrivals * float64(2*count) / (all.Span.Seconds() * all.Span.Seconds()))
}

// jump is how far a series steps at the change, beside a slope that it has before and after.
type jump struct {
	size, sd float64
	spread   float64 // sd of the jump for stretches of variance 1
	freedom  float64 // degrees of it that the sd has
}

// jumpOf fits y = level + slope·t + jump·(after the change) by least squares, stretches one unit of time apart: the
// slope within the two stretches, then the difference of their means less what the slope makes of it.
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
	j := jump{size: m2 - m1 - slope*apart, freedom: n1 + n2 - 3, spread: math.Sqrt(1/n1 + 1/n2 + apart*apart/stt)}
	j.sd = j.spread * math.Sqrt(rss/j.freedom)
	return j
}

// atLeast is the jump with a deviation that is not below that of stretches with the variance.
func (j jump) atLeast(variance float64) jump {
	j.sd = max(j.sd, j.spread*math.Sqrt(variance))
	return j
}

func (j jump) back() jump { j.size = -j.size; return j }
