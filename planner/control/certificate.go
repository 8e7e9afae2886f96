package control

import (
	"cmp"

	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// unplanned is the reason of a plan that does not exist, NoPlan or NoPlanThere: about the server of the certificate,
// with the connections short, what is needed and what is there. A plan that failed for another cause has no numbers.
func unplanned(code verdict.Code, plan sizing.Plan, err error) verdict.Reason {
	if i := plan.Infeasible; i != nil {
		return verdict.Of(code, cmp.Or(i.Server, "fleet"),
			verdict.Certificate(err, float64(i.ShortConns), float64(i.Need), float64(i.Cap)))
	}
	return verdict.Of(code, "fleet", verdict.Certificate(err))
}

// noPath is the reason of a shift that cannot go on from where its switch is, with the connections short there. blocked
// is the certificate of the path; nil: the shift itself makes no sense.
func noPath(s shift.Shift, blocked *shift.Blocked, err error) verdict.Reason {
	if blocked == nil {
		return verdict.Of(verdict.NoPath, s.ID(), s.At, verdict.Certificate(err))
	}
	short := float64(max(blocked.ShortConns, blocked.WorstShort))
	return verdict.Of(verdict.NoPathBut, s.ID(), s.At, verdict.Certificate(err, short), cures{blocked})
}

// cures is what would make a path possible, in words.
type cures struct{ of *shift.Blocked }

// String lists the cures, the smallest first.
func (c cures) String() string { return c.of.Cures() }
