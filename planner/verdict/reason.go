package verdict

import "fmt"

// Code says which reason a Reason is. Each has a sentence; see words.go. Empty: there is no reason.
type Code string

// Reason is a reason as a decision makes it: what kind, about what, with which numbers. The zero value is none. What
// comes out of a journal has its sentence as it was written then, and no Args.
type Reason struct {
	Code Code `json:"code,omitempty"`
	// a server, pool, process or traffic switch; a text that came from outside, such as an error's
	Subject string `json:"subject,omitempty"`
	// of the sentence, in its order: counts, ratios, percent as the sentence has them; durations in seconds
	Numbers []float64 `json:"numbers,omitempty"`
	Said    string    `json:"reason,omitempty"` // the sentence as it was printed; empty: Text makes it
	Args    []any     `json:"-"`                // of the sentence after the subject: what Text prints
}

// Of is the reason of a code about a subject. The arguments are those of the code's sentence after the subject.
func Of(code Code, subject string, args ...any) Reason {
	r := Reason{Code: code, Subject: subject, Args: args}
	for _, a := range args {
		if n, ok := number(a); ok {
			r.Numbers = append(r.Numbers, n)
		}
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

// Any reports whether there is a reason: a sentence without a code is one, too, as journals had them before codes.
func (r Reason) Any() bool { return r.Code != "" || r.Said != "" }

// Is reports whether the reason is of one of the codes.
func (r Reason) Is(codes ...Code) bool {
	for _, c := range codes {
		if r.Code == c {
			return true
		}
	}
	return false
}

// Same reports whether two reasons have one code and one subject, whatever their numbers.
func (r Reason) Same(s Reason) bool { return r.Code == s.Code && r.Subject == s.Subject }

// Cause is the reason of a reason, at its root: the first of its arguments that is one, and the first of that one's;
// the reason itself where none is.
func (r Reason) Cause() Reason {
	for _, a := range r.Args {
		if inner, ok := a.(Reason); ok {
			return inner.Cause()
		}
	}
	return r
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
	args := r.Args
	if r.Subject != "" {
		args = append([]any{r.Subject}, args...)
	}
	for i, a := range args {
		if inner, ok := a.(Reason); ok {
			args = append(args[:i:i], append([]any{inner.Text()}, args[i+1:]...)...)
		}
	}
	return fmt.Sprintf(sentences[r.Code], args...)
}

// Spoken is the reason as a journal keeps it: with its sentence, which is all of a note.
func (r Reason) Spoken() Reason {
	r.Said, r.Args = r.Text(), nil
	if r.Code == Note {
		r.Subject = ""
	}
	return r
}
