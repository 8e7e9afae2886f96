package verdict

import (
	"cmp"
	"math"
	"time"

	"github.com/pgbudget/pgbudget/planner/words"
)

// Conns are connections: "1 connection".
type Conns int

// String is the number with its noun.
func (n Conns) String() string { return words.Count(int(n), "connection") }

// Xacts are transactions: "2 transactions".
type Xacts int

// String is the number with its noun.
func (n Xacts) String() string { return words.Count(int(n), "transaction") }

// Samples are samples of a fleet: "3 samples".
type Samples int

// String is the number with its noun.
func (n Samples) String() string { return words.Count(int(n), "sample") }

// Named is the name of an application, which may be none.
type Named string

// String is the name, or that there is none.
func (n Named) String() string { return cmp.Or(string(n), "no application_name") }

// figure is a number in the digits that its sentence needs.
type figure struct {
	value  float64
	digits string
}

// String is the number in its digits.
func (f figure) String() string { return f.digits }

// Apart is a number in as many digits as tell it from a level.
func Apart(value, level float64) any { return figure{value, words.Apart(value, level)} }

// Exactly is a number in all of its digits.
func Exactly(value float64) any { return figure{value, words.Exactly(value)} }

// number is an argument as a number; false: it is none, or none that JSON can hold.
func number(a any) (float64, bool) {
	switch n := a.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case Conns:
		return float64(n), true
	case Xacts:
		return float64(n), true
	case Samples:
		return float64(n), true
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case figure:
		return number(n.value)
	case time.Duration:
		return n.Seconds(), true
	}
	return 0, false
}
