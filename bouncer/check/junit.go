package check

import (
	"encoding/xml"
	"fmt"
)

// The part of JUnit's XML that CI systems agree on.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []Suite  `xml:"testsuite"`
	}
	// Suite is a named list of test cases.
	Suite struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`    // how many cases
		Failures int    `xml:"failures,attr"` // how many of them failed
		Cases    []Case `xml:"testcase"`
	}
	// Case is a test case: one that passed, or one with a failure.
	Case struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *Failure `xml:"failure,omitempty"`
	}
	// Failure is why a test case failed.
	Failure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
	}
)

// XML is a suite as JUnit XML; the numbers of tests and failures are counted.
func (s Suite) XML() ([]byte, error) {
	s.Tests, s.Failures = len(s.Cases), 0
	for _, c := range s.Cases {
		if c.Failure != nil {
			s.Failures++
		}
	}
	b, err := xml.MarshalIndent(suites{Tests: s.Tests, Failures: s.Failures, Suites: []Suite{s}}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

// JUnit writes the findings as JUnit XML: a test case for each finding, and one that passed for each rule without.
func (r Report) JUnit() ([]byte, error) {
	s := Suite{Name: "pgbudget check"}
	for _, e := range Rules() {
		broken := false
		for _, x := range r.Findings {
			if x.Rule == e.Rule {
				broken = true
				s.Cases = append(s.Cases, Case{Class: string(e.Rule), Name: fmt.Sprintf("%s (%s)", x.Subject, e.Severity),
					Failure: &Failure{Type: string(e.Severity), Message: x.Found}})
			}
		}
		if !broken && r.Unasked == "" {
			s.Cases = append(s.Cases, Case{Class: string(e.Rule), Name: e.Means})
		}
	}
	return s.XML()
}
