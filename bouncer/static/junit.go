package static

import (
	"encoding/xml"
	"fmt"
)

// Newest is the PgBouncer whose rules are the newest that are known here.
const Newest = "1.25.2"

// Text is the reason as the end of a sentence.
func (r Reason) Text() string {
	switch r {
	case ReasonStar:
		return "its line is that of *, which makes a database of any name that a client asks for"
	case ReasonAsked:
		return "auth_query lets in whoever it finds, each with a pool"
	case ReasonOutside:
		return "auth_type lets in users whom no file names, each with a pool"
	case ReasonUnread:
		return "the users stand in auth_file, which could not be read"
	case ReasonUnlimited:
		return "pool_size is 0, which PgBouncer 1.24 and later take as no limit"
	}
	return string(r)
}

// The part of JUnit's XML that CI systems agree on.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []suite  `xml:"testsuite"`
	}
	suite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *failure `xml:"failure,omitempty"`
	}
	failure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
	}
)

// JUnit writes the verdicts as JUnit XML: a testcase for each server, and one for each line.
func (r Report) JUnit() ([]byte, error) {
	s := suite{Name: "pgbudget check"}
	for _, x := range r.Servers {
		c := testcase{Class: "server", Name: fmt.Sprintf("%s: budget %d", x.Name, x.BudgetConns)}
		if x.Verdict == Over {
			c.Failure = &failure{Type: string(Over),
				Message: fmt.Sprintf("worst case %d, budget %d: %d too many", x.WorstConns, x.BudgetConns, -x.SpareConns)}
		}
		s.Cases = append(s.Cases, c)
	}
	for _, l := range r.Lines {
		c := testcase{Class: l.File, Name: fmt.Sprintf("%s (%s)", l.Alias, l.At)}
		if l.Unbounded != "" && len(l.Servers) > 0 {
			c.Failure = &failure{Type: string(Unknown), Message: l.Unbounded.Text()}
		}
		s.Cases = append(s.Cases, c)
	}
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		if c.Failure != nil {
			s.Failures++
		}
	}
	b, err := xml.MarshalIndent(suites{Tests: s.Tests, Failures: s.Failures, Suites: []suite{s}}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}
