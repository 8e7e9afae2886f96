package fleet

import (
	"cmp"
	"slices"
	"strings"
)

// Key is a setting of one [databases] line.
type Key string

// The keys that a step changes.
const (
	KeySize Key = "pool_size" // pool_size; of alias "*" default_pool_size
	// reserve_pool_size of the line, which files and consoles before 1.24 call reserve_pool
	KeyReserve Key = "reserve_pool"

	// KeyLifetime is server_lifetime in seconds, for as long as a Flush lasts. Before PgBouncer 1.23 a line has none: it
	// is the process's then, and no file is touched.
	KeyLifetime Key = "server_lifetime"
)

// SettingChange is one setting of one alias in one process, from a value to another: in connections for each of its
// users, a lifetime in seconds.
type SettingChange struct {
	Process string `json:"process"`
	Alias   string `json:"alias"`
	Key     Key    `json:"key"`  // of the unit of From and To
	From    int    `json:"from"` // connections, or seconds of a lifetime
	To      int    `json:"to"`   // connections, or seconds of a lifetime
}

// Back returns the set that undoes s.
func (s SettingChange) Back() SettingChange { s.From, s.To = s.To, s.From; return s }

// Group returns the group of the set's process.
func (s SettingChange) Group() string { group, _, _ := strings.Cut(s.Process, "/"); return group }

// Pool returns the pool whose line it changes.
func (s SettingChange) Pool() string { return s.Group() + "/" + s.Alias }

// Grows reports whether the set lets a pool open more connections.
func (s SettingChange) Grows() bool { return s.Key != KeyLifetime && s.To > s.From }

// Same reports whether both are about one setting of one line.
func (s SettingChange) Same(t SettingChange) bool {
	return s.Process == t.Process && s.Alias == t.Alias && s.Key == t.Key
}

// CompareChanges orders changes by process, alias and key, for slices.SortFunc: negative, 0 or positive.
func CompareChanges(a, b SettingChange) int {
	return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.Alias, b.Alias), cmp.Compare(a.Key, b.Key))
}

// move is what lines of one pool have in common: from what to what they go.
type move struct {
	SettingChange // Process: the group
	In            []string
	One           bool // no other line of the pool goes from or to something else
}

// MovesOf are the moves of sets, sorted by pool.
func MovesOf(sets []SettingChange) []move {
	var out []move
	for _, x := range sets {
		m := move{SettingChange{x.Group(), x.Alias, x.Key, x.From, x.To}, nil, true}
		i := slices.IndexFunc(out, func(o move) bool { return o.SettingChange == m.SettingChange })
		if i < 0 {
			i, out = len(out), append(out, m)
		}
		out[i].In = append(out[i].In, x.Process)
	}
	slices.SortStableFunc(out, func(a, b move) int { return CompareChanges(a.SettingChange, b.SettingChange) })
	for i := range out {
		out[i].One = !slices.ContainsFunc(out, func(o move) bool {
			return o.Same(out[i].SettingChange) &&
				o.SettingChange != out[i].SettingChange
		})
	}
	return out
}
