package planner

import (
	"fmt"
	"strings"
)

// product writes the arithmetic behind a pool's worst case, and what caps it: "min(6 copies × (5 + 2 reserve) = 42, 2 ×
// 8 max_db_connections)".
func (p FleetPool) product(size, reserve int) string {
	if p.Rules.Count != CountWorst {
		return fmt.Sprintf("%s, accepted risk: %d seen and what is added to it", times(p.sized(), fmt.Sprint(size)), p.countedConns())
	}
	var capped, free, caps, capConns int // of processes whose max_db_connections binds, and of the others
	same := true
	for _, s := range p.Sizes {
		sum := p.sumIn(s.Process, size, reserve)
		if s.CapConns == 0 || sum <= s.CapConns {
			free += sum
			continue
		}
		same = same && (caps == 0 || s.CapConns*caps == capConns)
		capped, caps, capConns = capped+sum, caps+1, capConns+s.CapConns
	}
	text := p.terms(size, reserve)
	if caps > 0 {
		by := fmt.Sprintf("%d max_db_connections in %d processes", capConns, caps)
		if same {
			by = fmt.Sprintf("%d × %d max_db_connections", caps, capConns/caps)
		}
		if free == 0 {
			text = fmt.Sprintf("min(%d, %s), %d = %s", capped, by, capped, text)
		} else {
			text = fmt.Sprintf("%d + min(%d, %s), %d = %s", free, capped, by, free+capped, text)
		}
	}
	if stay := max(p.OverConns, p.stayConns(size, reserve)); stay > 0 {
		text += fmt.Sprintf(" + %d open beyond today's settings", stay)
	}
	if users := p.sharedUsers(); len(users) > 0 {
		text += fmt.Sprintf("; %s in lines of %s own", strings.Join(users, ", "), plural(len(users), "its", "their"))
	}
	return text
}

// sumIn is worstIn without a cap.
func (p FleetPool) sumIn(process string, size, reserve int) int {
	sum := 0
	for _, c := range p.Copies {
		if c.Process == process && !c.Shared {
			sum += c.worst(size, reserve)
		}
	}
	return sum
}

// terms are the copies that the pool's own line counts: those that follow the line, and those that do not.
func (p FleetPool) terms(size, reserve int) string {
	var line, owners, reserves, fixed, bounded, doubt int
	for _, c := range p.Copies {
		switch {
		case c.Shared:
		case c.Bounded:
			bounded += c.FixedConns
		case c.FixedConns > 0:
			fixed += c.fixed(reserve)
		case c.OwnReserve != 0 && c.reserve(reserve) != reserve:
			owners, reserves = owners+1, reserves+c.reserve(reserve)
			doubt += c.worst(size, reserve) - size - c.reserve(reserve)
		default:
			line++
			doubt += c.worst(size, reserve) - size - reserve
		}
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if line > 0 || owners+fixed+bounded == 0 {
		each := fmt.Sprint(size)
		if reserve > 0 {
			each = fmt.Sprintf("(%d + %d reserve)", size, reserve)
		}
		parts = append(parts, times(line, each))
	}
	if owners > 0 {
		add("%s and %d of reserves of their own", times(owners, fmt.Sprint(size)), reserves)
	}
	if doubt > 0 {
		add("%d that users' sizes in doubt may add", doubt)
	}
	if fixed > 0 {
		add("%d of users with a pool_size of their own", fixed)
	}
	if bounded > 0 {
		add("%d of users with a declared max, accepted risk", bounded)
	}
	return strings.Join(parts, " + ")
}

// times writes "4 copies × 12", "1 copy × 12".
func times(copies int, each string) string {
	return fmt.Sprintf("%d %s × %s", copies, plural(copies, "copy", "copies"), each)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// sharedUsers lists the users of the pool that stand in ledger lines of their own, in the order of its copies.
func (p FleetPool) sharedUsers() []string {
	var out []string
	known := map[string]bool{}
	for _, c := range p.Copies {
		if c.Shared && !known[c.User] {
			known[c.User] = true
			out = append(out, c.User)
		}
	}
	return out
}

// breached is the certificate of a limit that no size of a pool gets around.
func (sp serverProblem) breached() *Infeasible {
	for _, p := range sp.pools {
		b, broken := p.Breached()
		if !broken {
			continue
		}
		text := fmt.Sprintf("%s is %d connections short: %s needs %d for %.3g Erlangs (%s), %d there, whatever its size", b.Limit, b.Need-b.Conns, b.Pool, b.Need, b.Erlangs, b.By, b.Conns)
		return &Infeasible{Server: sp.server.Name, Constraint: b.Limit, Need: Float(b.Need), Cap: Float(b.Conns), ShortConns: b.Need - b.Conns,
			Clash: []Clash{{Pool: b.Pool, Size: b.Need, Conns: b.Need, Why: b.By}}, Text: text,
			cure: fmt.Sprintf("raise the limit by %d at least, lower the load or the promise, "+
				"or see the least bad plan with --best-effort", b.Need-b.Conns)}
	}
	return nil
}
