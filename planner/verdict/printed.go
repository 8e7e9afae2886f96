package verdict

import (
	"bytes"
	"encoding/json"
)

// Written is the code of a reason that was read back: its sentence is all that was kept of it.
const Written Code = "written"

// Printed is a reason that output keeps as its sentence alone, a JSON string. The zero value is none, and JSON leaves
// it out with omitzero.
type Printed struct{ Reason }

// Print is the reason of a code about a subject, as output keeps it; see Of.
func Print(code Code, subject string, args ...any) Printed {
	return Printed{Of(code, subject, args...)}
}

// IsZero reports whether there is no reason.
func (p Printed) IsZero() bool { return !p.Any() }

// MarshalJSON writes the sentence. The error is always nil.
func (p Printed) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // who encodes the whole decides that
	err := e.Encode(p.Text())
	return bytes.TrimSpace(b.Bytes()), err
}

// UnmarshalJSON reads a sentence, of the code Written; null and an empty one are no reason. The error is that of
// encoding/json where b is no string.
func (p *Printed) UnmarshalJSON(b []byte) error {
	var said string
	if err := json.Unmarshal(b, &said); err != nil {
		return err
	}
	if *p = (Printed{}); said != "" {
		p.Reason = Reason{Code: Written, Said: said}
	}
	return nil
}
