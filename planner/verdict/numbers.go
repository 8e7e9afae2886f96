package verdict

import (
	"cmp"
	"math"
	"slices"
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

// Digits is a number in three digits, all of a whole number; see words.Digits.
func Digits(value float64) any { return figure{value, words.Digits(value)} }

// Deviation is how far a number may be off, in two digits.
func Deviation(value float64) any { return figure{value, words.Deviation(value)} }

// Signed is Digits with the sign that a difference has.
func Signed(value float64) any { return figure{value, words.Signed(value)} }

// certificate is an error that proves something, with the numbers of its proof.
type certificate struct {
	err     error
	numbers []float64
}

// String is the certificate as its error words it.
func (c certificate) String() string { return c.err.Error() }

// Certificate is an error that proves something, such as that no sizes fit, with the numbers of its proof. The error is
// the text of the argument, the numbers are those of the Reason: connections, or ratios of CPU 0..1. A number that is
// not known is left out.
func Certificate(err error, numbers ...float64) any { return certificate{err, numbers} }

// numbers are those of an argument that JSON can hold; of a reason inside, its own; none of a text.
func numbers(a any) []float64 {
	var all []float64
	switch n := a.(type) {
	case int:
		all = []float64{float64(n)}
	case int64:
		all = []float64{float64(n)}
	case Conns:
		all = []float64{float64(n)}
	case Xacts:
		all = []float64{float64(n)}
	case Samples:
		all = []float64{float64(n)}
	case float64:
		all = []float64{n}
	case figure:
		all = []float64{n.value}
	case time.Duration:
		all = []float64{n.Seconds()}
	case certificate:
		all = slices.Clone(n.numbers)
	case Reason:
		return n.Numbers
	}
	return slices.DeleteFunc(all, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}
