package planner

import (
	"fmt"
	"slices"
	"time"
)

// leastRecent is the least time of looks that may call a load other than planned. chosen: half of what a plan looks at.
const leastRecent = 30 * time.Second

// Outgrown says which load has left the interval that a plan was made for upwards: what was seen lately is more in all it may
// be than what was planned for. Empty: none has, or too little was seen. The same pools carry the same names in both.
func Outgrown(planned, lately []Load) string {
	for _, now := range lately {
		i := slices.IndexFunc(planned, func(l Load) bool { return l.Pool == now.Pool })
		if i < 0 || now.Unknown != "" || planned[i].Unknown != "" || now.Window < leastRecent {
			continue
		}
		was, is := planned[i].Erlangs, now.Erlangs
		if is.Lower > was.Upper && now.Xacts >= LeastXacts { // one that has fallen may rise again: what was planned for it stays
			return fmt.Sprintf("the load of %s is %.3g Erlangs (%.3g to %.3g), and was planned for as %.3g (%.3g to %.3g)", now.Pool, is.Target, is.Lower, is.Upper, was.Target, was.Lower, was.Upper)
		}
	}
	return ""
}

// LoadsOf are the loads of a fleet's pools, spread over their copies as they are there.
func LoadsOf(f Fleet) []Load {
	var out []Load
	for _, p := range f.Pools {
		l := p.Load
		if l.Pool, l.Copies = p.ID, nil; l.Erlangs.Target > 0 {
			for _, c := range p.Copies {
				l.Copies = append(l.Copies, CopyShare{Process: c.Process, User: c.User, Share: c.Share})
			}
		}
		out = append(out, l)
	}
	return out
}

// Renewed are the planned loads with those that were seen lately in their place, where they are more: what a step has made
// full hides its load, and a quiet hour is none of a day's peak.
func Renewed(planned, lately []Load) []Load {
	out := slices.Clone(planned)
	for i, l := range out {
		for _, now := range lately {
			if now.Pool == l.Pool && now.Unknown == "" && now.Window >= leastRecent && now.Xacts >= LeastXacts && now.Erlangs.Target > l.Erlangs.Target {
				out[i] = now
			}
		}
	}
	return out
}
