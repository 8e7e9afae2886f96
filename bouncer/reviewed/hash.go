package reviewed

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// File is one file of a process as it was when a plan was made.
type File struct {
	Process string `json:"process"`
	Path    string `json:"path"`   // as PgBouncer opens it
	SHA256  string `json:"sha256"` // of its bytes, as sha256sum prints it
	// of its bytes with one and the same number in place of each size that a step of the plan may change: the steps
	// themselves leave it as it is, and any other edit does not
	WithoutSizes string `json:"sha256_without_sizes"`
}

// standIn is the number in place of every size. chosen: the most that ini takes, because no pool has so many.
const standIn = 262143

// Line is one number of a process's files that a step of a plan may change.
type Line struct {
	Alias string
	Key   fleet.Key
}

// Lines are the numbers that steps to the plan may change in the files of a group's processes: the size of each pool
// that is planned, and its reserve where the plan has another.
func (p Plan) Lines(group string) (lines []Line) {
	for _, x := range p.Plan.Pools {
		at, found := p.Fleet.Pool(x.ID)
		if x.Frozen.Any() || !found || at.Group != group {
			continue
		}
		lines = append(lines, Line{at.Alias, fleet.KeySize})
		if x.ReserveSize != x.ReserveFrom {
			lines = append(lines, Line{at.Alias, fleet.KeyReserve})
		}
	}
	return lines
}

// HashesOf are the files of a process; lines are what steps may change there. The error is ini's: a number that no step
// can change.
func HashesOf(process string, c ini.Config, lines []Line) ([]File, error) {
	var changes []ini.Change
	for _, d := range c.Databases() {
		for _, l := range lines {
			from := map[fleet.Key]int{fleet.KeySize: d.SizeConns, fleet.KeyReserve: d.ReserveConns}[l.Key]
			if l.Alias == d.Alias {
				changes = append(changes, ini.Change{Alias: d.Alias, Key: l.Key, From: from, To: standIn})
			}
		}
	}
	edits, err := c.Edit(changes)
	if err != nil {
		return nil, err
	}
	var out []File
	for _, f := range c.Files() {
		rest := f.Bytes
		if i := slices.IndexFunc(edits, func(e ini.Edited) bool { return e.Path == f.Path }); i >= 0 {
			rest = edits[i].New
		}
		out = append(out, File{Process: process, Path: f.Path, SHA256: sum(f.Bytes), WithoutSizes: sum(rest)})
	}
	return out, nil
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
