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
		plannertest.NoExponent(t, "moved", scale, turnOf(scale, -0.2).Why.Text())
		plannertest.NoExponent(t, "not moved", scale, turnOf(scale, 0).Why.Text())
		plannertest.NoExponent(t, "confounded", scale, turnOf(scale, 0.2).Why.Text())
	}
}

// turnOf is the judgement of a turn beside which the load of the giving pool and of both changes by a share.
func turnOf(scale, share float64) learn.Judgement {
	turn := learn.ObservedChange{FromX: 0, ToX: 20, Fraction: load.Range{Lower: 1, Target: 1, Upper: 1}}
	for i := range 24 {
		n := int64(100*scale) + int64(i%2)
		turn.Before = append(turn.Before, learn.Block{Span: 5 * time.Second, From: n, To: n})
		from, to := n, n
		if from += int64(share * float64(n)); share < 0 {
			to -= int64(share * float64(n))
		}
		turn.After = append(turn.After, learn.Block{Span: 5 * time.Second, From: from, To: to})
	}
	return learn.Judge(turn)
}
