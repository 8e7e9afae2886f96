package reviewed

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Now is what a plan is held against.
type Now struct {
	Environment string
	Servers     []state.Origin
	Files       []File
	Fleet       budget.Fleet
	Plan        sizing.Plan // of today; where none is feasible, what was solved of it
	Journal     state.JournalState
}

// Judge says what has moved since the plan was made. What leaves every promise kept is explained in the review. Else
// the error is of KindUsage where the plan is of another environment, of KindDrift where the server, a file or a size
// is not the one that was reviewed, and of KindInfeasible where the plan's sizes no longer keep a promise.
func (p Plan) Judge(now Now) (sizing.Review, error) {
	if p.Environment != now.Environment {
		return sizing.Review{}, &operr.Error{Kind: operr.KindUsage, Hint: "give the plan and the config of one environment",
			Err: fmt.Errorf("the plan is of environment %q, the config of %q", p.Environment, now.Environment)}
	}
	moved := slices.Concat(p.servers(now), p.files(now), p.sizes(now))
	review := sizing.Compare(p.Saved, now.Fleet, now.Plan)
	const again = "find out what was changed, and plan again: pgbudget plan --out FILE"
	switch {
	case len(moved) > 0:
		return review, &operr.Error{Kind: operr.KindDrift, Hint: again,
			Err: errors.New("since the plan was made: " + strings.Join(moved, "; "))}
	case len(review.Broken) > 0:
		return review, &operr.Error{Kind: operr.KindInfeasible, Hint: "plan again: pgbudget plan --out FILE",
			Err: fmt.Errorf("the plan no longer keeps every promise: %s", strings.Join(slices.Concat(review.Broken,
				review.Moved), "; "))}
	}
	return review, nil
}

// servers are those that are another PostgreSQL than they were.
func (p Plan) servers(now Now) (moved []string) {
	for _, was := range p.Servers {
		i := slices.IndexFunc(now.Servers, func(s state.Origin) bool { return s.Name == was.Name })
		switch {
		case i < 0:
			moved = append(moved, "server "+was.Name+" is gone")
		case now.Servers[i].SystemID != was.SystemID:
			moved = append(moved, fmt.Sprintf("server %s is another PostgreSQL: system identifier %s, was %s", was.Name,
				now.Servers[i].SystemID, was.SystemID))
		}
	}
	for _, is := range now.Servers {
		if !slices.ContainsFunc(p.Servers, func(s state.Origin) bool { return s.Name == is.Name }) {
			moved = append(moved, "which PostgreSQL server "+is.Name+" was, the plan does not say")
		}
	}
	return moved
}

// files are those that say something else than they did, the sizes of the plan apart.
func (p Plan) files(now Now) (moved []string) {
	find := func(files []File, f File) (File, bool) {
		i := slices.IndexFunc(files, func(x File) bool { return x.Process == f.Process && x.Path == f.Path })
		if i < 0 {
			return File{}, false
		}
		return files[i], true
	}
	for _, was := range p.Files {
		switch is, found := find(now.Files, was); {
		case !found:
			moved = append(moved, fmt.Sprintf("%s no longer reads %s, or the config names it no more", was.Process, was.Path))
		case is.WithoutSizes != was.WithoutSizes && is.SHA256 != was.SHA256:
			moved = append(moved, fmt.Sprintf("%s of %s was changed: sha256 %.12s…, was %.12s…", was.Path, was.Process,
				is.SHA256, was.SHA256))
		}
	}
	for _, is := range now.Files {
		if _, found := find(p.Files, is); !found {
			moved = append(moved, fmt.Sprintf("%s reads %s, which the plan does not have", is.Process, is.Path))
		}
	}
	return moved
}

// sizes are those of lines that are to move and are neither where they were nor where a step has brought them on the
// way.
func (p Plan) sizes(now Now) (moved []string) {
	for _, to := range p.Plan.Pools {
		was, _ := p.Fleet.Pool(to.ID)
		is, found := now.Fleet.Pool(to.ID)
		if to.Frozen.Any() || !found { // a pool that is gone breaks the plan
			continue
		}
		for _, s := range was.Sizes {
			i := slices.IndexFunc(is.Sizes, func(x budget.Size) bool { return x.Process == s.Process })
			if i < 0 {
				moved = append(moved, fmt.Sprintf("%s is gone from %s", s.Process, was.ID))
				continue
			}
			x := fleet.SettingChange{Process: s.Process, Alias: was.Alias, Key: fleet.KeySize, From: s.Conns, To: to.ToSize}
			if text := elsewhere(now.Journal, x, is.Sizes[i].Conns); text != "" {
				moved = append(moved, text)
			}
			x.Key, x.From, x.To = fleet.KeyReserve, was.ReserveConns, to.ReserveSize
			if text := elsewhere(now.Journal, x, is.ReserveConns); text != "" && !slices.Contains(moved, text) {
				moved = append(moved, text)
			}
		}
		for _, s := range is.Sizes {
			if !slices.ContainsFunc(was.Sizes, func(x budget.Size) bool { return x.Process == s.Process }) {
				moved = append(moved, fmt.Sprintf("%s is new in %s", s.Process, was.ID))
			}
		}
	}
	return moved
}

// elsewhere says that a line is neither where a change begins, nor on its way because the journal wrote it; empty: it
// is.
func elsewhere(m state.JournalState, x fleet.SettingChange, at int) string {
	onTheWay := min(x.From, x.To) <= at && at <= max(x.From, x.To)
	if at == x.From || onTheWay && m.Wrote(x, at) {
		return ""
	}
	return fmt.Sprintf("%s of %s in %s is %d, was %d when the plan was made", x.Key, x.Alias, x.Process, at, x.From)
}
