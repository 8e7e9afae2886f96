package learn_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestTextsOfMovedTrafficHaveNoExponent(t *testing.T) {
	for _, scale := range plannertest.Scales {
		plannertest.NoExponent(t, "moved", scale, judgedChange(scale, -0.2).Why.Text())
		plannertest.NoExponent(t, "not moved", scale, judgedChange(scale, 0).Why.Text())
		plannertest.NoExponent(t, "confounded", scale, judgedChange(scale, 0.2).Why.Text())
	}
}

// judgedChange is the judgement of a traffic change beside which the load of the giving pool and of both changes by a
// share.
func judgedChange(scale, share float64) learn.Judgement {
	change := learn.ObservedChange{FromX: 0, ToX: 20, Fraction: load.Range{Lower: 1, Target: 1, Upper: 1}}
	for i := range 24 {
		n := int64(100*scale) + int64(i%2)
		change.Before = append(change.Before, learn.Block{Span: 5 * time.Second, From: n, To: n})
		from, to := n, n
		if from += int64(share * float64(n)); share < 0 {
			to -= int64(share * float64(n))
		}
		change.After = append(change.After, learn.Block{Span: 5 * time.Second, From: from, To: to})
	}
	return learn.Judge(change)
}
