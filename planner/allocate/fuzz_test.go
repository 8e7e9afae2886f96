package allocate

import (
	"errors"
	"testing"
)

// drawer turns fuzzed bytes into small numbers; past their end it draws 0.
type drawer struct {
	data []byte
	at   int
}

func (d *drawer) n(below int) int {
	if d.at >= len(d.data) {
		return 0
	}
	d.at++
	return int(d.data[d.at-1]) % below
}

// problem draws at most five items of at most five sizes and at most five rows.
func (d *drawer) problem() Problem {
	var p Problem
	for range 1 + d.n(5) {
		lo := d.n(4)
		hi := lo + d.n(6) - d.n(2)
		c := stepsCurve{from: lo, base: float64(d.n(3)), gains: make([]float64, max(0, hi-lo))}
		g := float64(1 + d.n(255))
		for k := range c.gains {
			c.gains[k] = g
			switch shrink := d.n(8); shrink {
			case 0:
			case 1:
				g *= 1e-60
			default:
				g *= float64(shrink) / 8
			}
		}
		p.Items = append(p.Items, Item{ID: "item", Lo: lo, Hi: hi, Min: d.n(3), Cost: c})
	}
	for range d.n(6) {
		row := Row{Name: "row"}
		same := d.n(2) == 0
		for i := range p.Items {
			if d.n(3) == 0 {
				continue
			}
			coef := 1
			if !same {
				coef = d.n(18)
			}
			row.Terms = append(row.Terms, Term{i, coef})
			row.Cap += coef * (p.Items[i].Lo + d.n(4))
		}
		row.Cap -= d.n(3)
		p.Rows = append(p.Rows, row)
	}
	return p
}

func FuzzSolve(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 1, 5, 0, 1, 200, 2, 3, 4, 5, 6, 0, 1, 4, 0, 0, 90, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 3, 1, 5, 2})
	f.Add([]byte("a budget with unequal pools of the line, and a role inside it"))
	f.Add([]byte("users cross databases: every row a set of pools, each pool in two of them"))
	f.Add([]byte{4, 0, 5, 0, 0, 255, 0, 0, 0, 0, 0, 0, 5, 0, 0, 255, 1, 1, 1, 1, 1, 3, 5, 1, 2, 7, 7, 7, 7, 7, 1, 4, 0, 0,
		128, 3, 3, 3, 3, 1, 5, 1, 1, 1, 2, 1, 16, 1, 9, 1, 3, 2, 1, 1, 17})
	f.Fuzz(func(t *testing.T, data []byte) {
		p := (&drawer{data: data}).problem()
		_, err := Solve(p)
		var clash *Infeasible
		if errors.As(err, &clash) {
			if best, at := brute(p); at != nil {
				t.Fatalf("%v, but %v costs %v\n%+v", err, at, best, p)
			}
			return
		}
		compare(t, p)
	})
}
