package learn

import "github.com/pgbudget/pgbudget/planner/verdict"

// Excluded is the reason why nothing is learnt from a soak, as a verdict.Reason with keys of its own. The zero value is
// none.
type Excluded struct {
	Code    verdict.Code `json:"excluded_code,omitempty"`    // see verdict.Reason, as for the others
	Subject string       `json:"excluded_subject,omitempty"` // a pool, or none
	Numbers []float64    `json:"excluded_numbers,omitempty"` // of the sentence
	Said    string       `json:"excluded,omitempty"`         // the sentence, once it was journalled
	Args    []any        `json:"-"`                          // of the sentence
	Also    []any        `json:"-"`                          // reasons beside it
}

// Any reports whether there is a reason.
func (e Excluded) Any() bool { return verdict.Reason(e).Any() }

// Text is the reason as a sentence; empty: there is none.
func (e Excluded) Text() string { return verdict.Reason(e).Text() }

// Spoken is the reason as a journal keeps it: with its sentence.
func (e Excluded) Spoken() Excluded { return Excluded(verdict.Reason(e).Spoken()) }
