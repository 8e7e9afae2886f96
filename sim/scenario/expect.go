package scenario

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/sim"
)

// Expectation is one line of expect: NAME OP VALUE.
type Expectation struct {
	Text    string  // as written
	Subject string  // a pool or a server; empty: all of them together
	Name    string  // as Names has it
	Op      string  // == != < <= > >=
	Bound   float64 // a number in Unit
	Unit    Unit
	Where   string // file:line:column
}

// Value reads the number that is expected something of; see Name.Value.
func (e Expectation) Value(r sim.Results) (float64, bool) {
	n, ok := NameOf(e.Name)
	if !ok {
		return 0, false
	}
	return n.Value(r, e.Subject)
}

// Counts says whether every run must meet it, or the mean over all runs; see Name.Counts.
func (e Expectation) Counts() bool {
	n, _ := NameOf(e.Name)
	return n.Counts()
}

func finite(v float64) (float64, bool) { return v, !math.IsNaN(v) && !math.IsInf(v, 0) }

var expectation = regexp.MustCompile(`^(?:(.+)\.)?([A-Za-z0-9_]+)\s*(==|!=|<=|>=|<|>)\s*(\S.*)$`)

// expectations parses the lines of expect and adds their faults.
func (k *checker) expectations() []Expectation {
	var all []Expectation
	for i, text := range k.f.Expect {
		path := nth("expect", i)
		if e, ok := k.expectation(path, strings.TrimSpace(text)); ok {
			e.Where = k.Doc.Where(path)
			all = append(all, e)
		}
	}
	return all
}

func (k *checker) expectation(path, text string) (e Expectation, ok bool) {
	m := expectation.FindStringSubmatch(text)
	if m == nil {
		k.Fault(path, "is %q, want NAME OP VALUE, such as budget_violations == 0 or main/app.wait_p99 < 50ms; OP is ==, !=, "+
			"<, <=, > or >=", text)
		return e, false
	}
	e = Expectation{Text: text, Subject: m[1], Name: m[2], Op: m[3]}
	n, known := NameOf(e.Name)
	if !known {
		var names []string
		for _, n := range Names {
			names = append(names, n.Name)
		}
		k.Fault(path, "names %q, want one of %s", e.Name, strings.Join(names, ", "))
		return e, false
	}
	e.Unit = n.Unit
	var read bool
	if e.Bound, read = bound(m[4], n.Unit); !read {
		k.Fault(path, "(%s) compares with %q, want %s", text, m[4], n.Unit.wanted())
		return e, false
	}
	return e, k.subject(path, e, n)
}

// subject checks that a subject is there and has such a result.
func (k *checker) subject(path string, e Expectation, n Name) bool {
	_, pool := k.f.pool(e.Subject)
	server, isServer := k.f.server(e.Subject)
	switch {
	case e.Subject != "" && !pool && !isServer:
		k.Fault(path, "(%s) is about %q, which is neither among pools: nor among servers:", e.Text, e.Subject)
	case e.Subject != "" && n.Of == OfPool && !pool:
		k.Fault(path, "(%s) is about server %s, and %s is a pool's", e.Text, e.Subject, n.Name)
	case e.Subject != "" && n.Of == OfRun:
		k.Fault(path, "(%s) is about %s, and %s is the run's", e.Text, e.Subject, n.Name)
	case n.Of == OfRun && k.f.Run == nil:
		k.Fault(path, "(%s) needs run:, which lets the controller move the fleet", e.Text)
	case e.Subject != "" && n.Of == OfServer && !isServer:
		k.Fault(path, "(%s) is about pool %s, and %s is a server's", e.Text, e.Subject, n.Name)
	case n.Unit == Ratio && e.Subject != "" && !server.Cores.Set:
		k.Fault(path, "(%s) needs the cores of server %s", e.Text, e.Subject)
	case n.Unit == Ratio && !k.anyCores():
		k.Fault(path, "(%s) needs a server with cores", e.Text)
	default:
		return true
	}
	return false
}

func (k *checker) anyCores() bool {
	for _, s := range k.f.Servers {
		if s.Cores.Set {
			return true
		}
	}
	return false
}

// bound reads VALUE; false: it is none of the unit.
func bound(text string, u Unit) (v float64, read bool) {
	switch u {
	case Seconds:
		if text == "0" {
			return 0, true
		}
		d, wrong := config.ParseDuration(text)
		return d.Seconds(), wrong == ""
	case Ratio:
		v, wrong := config.ParseShare(text)
		return v, wrong == ""
	default:
		v, err := strconv.ParseFloat(text, 64)
		return v, err == nil && math.Abs(v) <= float64(math.MaxInt64)
	}
}

// wanted is what VALUE of a unit is to be.
func (u Unit) wanted() string {
	switch u {
	case Seconds:
		return "a time with its unit, such as 50ms"
	case Ratio:
		return "a share such as 85% or 0.85"
	default:
		return "a number"
	}
}
