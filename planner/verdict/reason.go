package verdict

import (
	"fmt"
	"slices"
)

// Code says which reason a Reason is. Each has a sentence; see words.go. Empty: there is no reason.
type Code string

// Reason is a reason as a decision makes it: what kind, about what, with which numbers. The zero value is none. What
// comes out of a journal has its sentence as it was written then, and no Args.
type Reason struct {
	Code Code `json:"code,omitempty"`
	// a server, pool, process or traffic switch; a text that came from outside, such as an error's
	Subject string `json:"subject,omitempty"`
	// of the sentence, in its order: counts, ratios, percent as the sentence has them; durations in seconds. Those of a
	// reason inside of it stand in its place.
	Numbers []float64 `json:"numbers,omitempty"`
	Said    string    `json:"reason,omitempty"` // the sentence as it was printed; empty: Text makes it
	Args    []any     `json:"-"`                // of the sentence after the subject: what Text prints
	Also    []any     `json:"-"`                // what Text prints after the sentence: reasons and errors, see And
}

// Of is the reason of a code about a subject; an empty subject: it is about none. The arguments are those of the code's
// sentence after the subject: numbers, names, texts from outside, a Certificate, or a Reason.
func Of(code Code, subject string, args ...any) Reason {
	r := Reason{Code: code, Subject: subject, Args: args}
	for _, a := range args {
		r.Numbers = append(r.Numbers, numbers(a)...)
	}
	return r
}

// Noted is the note of a text; none where there is no text. A note decides nothing.
func Noted(text string) Reason {
	if text == "" {
		return Reason{}
	}
	return Of(Note, text)
}

// Any reports whether there is a reason: the code says so, and no sentence.
func (r Reason) Any() bool { return r.Code != "" }

// Is reports whether the reason is of one of the codes.
func (r Reason) Is(codes ...Code) bool {
	for _, c := range codes {
		if r.Code == c {
			return true
		}
	}
	return false
}

// And is the reason with another one, or an error, that is said after it. The decision stays that of the reason: code,
// subject and numbers are its own. Where there is no reason, what is added is none.
func (r Reason) And(more any) Reason {
	if r.Any() {
		r.Also = append(slices.Clip(r.Also), more)
	}
	return r
}

// Same reports whether two reasons have one code and one subject, whatever their numbers.
func (r Reason) Same(s Reason) bool { return r.Code == s.Code && r.Subject == s.Subject }

// Has reports whether the reason, or one inside of it or beside it, is of the code. A reason that was read from a
// journal has its own code alone.
func (r Reason) Has(code Code) bool {
	return r.Code == code || slices.ContainsFunc(slices.Concat(r.Args, r.Also), func(a any) bool {
		inner, ok := a.(Reason)
		return ok && inner.Has(code)
	})
}

// Or is the first of some that is a reason; the zero value: none is.
func Or(reasons ...Reason) Reason {
	for _, r := range reasons {
		if r.Any() {
			return r
		}
	}
	return Reason{}
}

// Text is the reason as a sentence; empty: there is none.
func (r Reason) Text() string {
	if r.Said != "" || !r.Any() {
		return r.Said
	}
	var args []any
	if r.Subject != "" {
		args = append(args, r.Subject)
	}
	for _, a := range r.Args {
		args = append(args, plain(a))
	}
	text := fmt.Sprintf(sentences[r.Code], args...)
	for _, a := range r.Also {
		text += fmt.Sprintf("; %v", plain(a))
	}
	return text
}

// plain is an argument as a sentence prints it.
func plain(a any) any {
	if inner, ok := a.(Reason); ok {
		return inner.Text()
	}
	return a
}

// Spoken is the reason as a journal keeps it: with its sentence, which is all of a note.
func (r Reason) Spoken() Reason {
	r.Said, r.Args, r.Also = r.Text(), nil, nil
	if r.Code == Note {
		r.Subject = ""
	}
	return r
}
