package batch

import (
	"encoding/xml"
	"fmt"
	"strconv"
)

// The part of JUnit's XML that CI systems agree on.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Suites   []suite  `xml:"testsuite"`
	}
	suite struct {
		Name       string     `xml:"name,attr"`
		Tests      int        `xml:"tests,attr"`
		Failures   int        `xml:"failures,attr"`
		Errors     int        `xml:"errors,attr"`
		Skipped    int        `xml:"skipped,attr"`
		Properties []property `xml:"properties>property"`
		Cases      []testcase `xml:"testcase"`
	}
	property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *failure `xml:"failure,omitempty"`
		Skipped *skipped `xml:"skipped,omitempty"`
	}
	failure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	skipped struct {
		Message string `xml:"message,attr"`
	}
)

// JUnit writes the verdicts as JUnit XML: one testsuite for each variant, one testcase for each expectation. name is
// the scenario's; repeat words the command that runs one variant again so that the verdict is the same. The error is
// that of encoding/xml; verdicts that failed are no error.
func (r Report) JUnit(name string, repeat func(v VariantReport, e Verdict) string) ([]byte, error) {
	var all suites
	for _, v := range r.Variants {
		s := suite{Name: name, Properties: []property{{"first_seed", strconv.FormatUint(r.FirstSeed, 10)},
			{"runs", strconv.Itoa(v.Runs)},
			{"virtual_time", (v.Warmup + v.Horizon).String()}}}
		if v.Name != "" {
			s.Name += " [" + v.Name + "]"
		}
		for _, e := range v.Expect {
			c := testcase{Class: s.Name, Name: e.Text}
			switch e.State {
			case Failed:
				text := e.Sentence()
				c.Failure = &failure{Message: text, Type: "expectation", Text: text + "\nrepeat: " + repeat(v, e)}
				s.Failures++
			case NotJudged:
				c.Skipped = &skipped{Message: fmt.Sprintf("interrupted: %d of %d runs had ended", v.Runs, r.Seeds)}
				s.Skipped++
			}
			s.Cases = append(s.Cases, c)
		}
		s.Tests = len(s.Cases)
		all.Tests, all.Failures, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Skipped+s.Skipped
		all.Suites = append(all.Suites, s)
	}
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}
