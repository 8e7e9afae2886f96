package static

import (
	"fmt"

	"github.com/pgbudget/pgbudget/bouncer/check"
)

// Newest is the PgBouncer whose rules are the newest that are known here.
const Newest = "1.25.2"

// Why is why the line's pools cannot be counted, as the end of a sentence; empty: they can.
func (l Line) Why() string {
	switch l.Unbounded {
	case ReasonStar:
		return "its line is that of *, which makes a database of any name that a client asks for"
	case ReasonAsked:
		return "auth_query lets in whoever it finds, each with a pool"
	case ReasonOutside:
		return "auth_type lets in users whom no file names, each with a pool"
	case ReasonUnread:
		return "the users stand in auth_file, which could not be read"
	case ReasonUnlimited:
		return sizeText(l.SizeConns)
	case ReasonUnlimitedUser:
		return "of user " + l.User + " in [users], " + sizeText(l.userConns)
	}
	return ""
}

func sizeText(conns int) string {
	if conns > 0 {
		return fmt.Sprintf("pool_size is %d, which limits nothing", conns)
	}
	return "pool_size is 0, which PgBouncer takes as no limit"
}

// Cure is what makes them countable: what to write, or to declare.
func (l Line) Cure() string {
	switch l.Unbounded {
	case ReasonUnlimited:
		return "write a pool_size of at least 1, or max_db_connections, on the line"
	case ReasonUnlimitedUser:
		return fmt.Sprintf("write a pool_size of at least 1 for %s into [users], or max_db_connections on the line", l.User)
	}
	return fmt.Sprintf("add --pools %s=N, or write user= or max_db_connections on the line", l.Alias)
}

// JUnit writes the verdicts as JUnit XML: a testcase for each server, and one for each line.
func (r Report) JUnit() ([]byte, error) {
	s := check.Suite{Name: "pgbudget check --static"}
	for _, x := range r.Servers {
		c := check.Case{Class: "server", Name: fmt.Sprintf("%s: budget %d", x.Name, x.BudgetConns)}
		if x.Verdict == Over {
			c.Failure = &check.Failure{Type: string(Over),
				Message: fmt.Sprintf("worst case %d, budget %d: %d too many", x.WorstConns, x.BudgetConns, -x.SpareConns)}
		}
		s.Cases = append(s.Cases, c)
	}
	for _, l := range r.Lines {
		c := check.Case{Class: l.File, Name: fmt.Sprintf("%s (%s)", l.Alias, l.At)}
		if l.Unbounded != "" && len(l.Servers) > 0 {
			c.Failure = &check.Failure{Type: string(Unknown), Message: l.Why()}
		}
		s.Cases = append(s.Cases, c)
	}
	return s.XML()
}
