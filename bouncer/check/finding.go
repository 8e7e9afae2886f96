package check

import "github.com/pgbudget/pgbudget/planner/operr"

// Finding is one thing that is not as a rule says.
type Finding struct {
	Rule     operr.Rule `json:"rule"`
	Severity Severity   `json:"severity"`
	Subject  string     `json:"subject,omitempty"` // file, key, process, pool or server
	Found    string     `json:"found"`             // what was seen, and what is wanted
	Next     string     `json:"next,omitempty"`    // the next command or edit
}

// Findings is what has been found so far, each once, in the order in which it was.
type Findings []Finding

// Add adds what an error says, or each of the errors that it joins: by the rule that has found it, else by this one.
// nil adds nothing.
func (f *Findings) Add(rule operr.Rule, err error) {
	for by, one := range operr.Each(err) {
		if by == "" {
			by = rule
		}
		x := Finding{Rule: by, Severity: severityOf(by), Found: one.Error(), Next: operr.HintOf(one)}
		if e, is := any(one).(*operr.Error); is && e.Subject != "" {
			x.Subject, x.Found = e.Subject, e.Err.Error()
		}
		f.add(x)
	}
}

// Note adds what a rule says of a subject.
func (f *Findings) Note(rule operr.Rule, subject, found, next string) {
	f.add(Finding{Rule: rule, Severity: severityOf(rule), Subject: subject, Found: found, Next: next})
}

func (f *Findings) add(x Finding) {
	for _, y := range *f {
		if y.Rule == x.Rule && y.Subject == x.Subject && y.Found == x.Found {
			return
		}
	}
	*f = append(*f, x)
}
