package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Request is a change that somebody else was asked for and that is not known to be made. It may be made at any time,
// whatever a run wants by then.
type Request struct {
	Number int       `json:"number"`                  // the first of a journal is 1
	At     time.Time `json:"at"`                      // when it was asked for
	Step   int       `json:"step,omitzero"`           // the number of its step; 0: of a rollback
	Action Action    `json:"action"`                  // what is asked for
	Why    string    `json:"called_because,omitzero"` // it is no longer wanted, because; with Called
	Called time.Time `json:"called_off,omitzero"`     // when it was called off; zero: it is wanted
}

// Wanted reports whether it was not called off.
func (r Request) Wanted() bool { return r.Called.IsZero() }

// Requests are those that were handed out. One that was called off stays open until somebody says that nobody makes it
// any more: by_hand.withdraw, or a person.
type Requests struct {
	Requested int       `json:"requested,omitzero"` // ever
	Open      []Request `json:"requests,omitzero"`  // the oldest first
}

// after folds an event in.
func (r Requests) after(e Event, was JournalState) Requests {
	switch e.Kind {
	case Asked:
		r.Requested++
		next := Request{Number: r.Requested, At: e.At, Step: was.StepNumber, Action: *e.Action}
		if was.StepTo > 0 {
			next.Step = 0
		}
		r.Open = append(slices.Clip(r.Open), next)
	case CalledOff:
		r.Open = slices.Clone(r.Open)
		for i, x := range r.Open {
			if x.Wanted() && x.Number == e.Request {
				r.Open[i].Called, r.Open[i].Why = e.At, e.Reason.Text()
			}
		}
		if e.Outcome == Done {
			r.Open = slices.DeleteFunc(r.Open, func(x Request) bool { return x.Number == e.Request })
		}
	case Acted:
		made, asked := r.Of(*e.Action)
		if !asked {
			return r
		}
		r.Open = slices.DeleteFunc(slices.Clone(r.Open), func(x Request) bool { return x.Number == made.Number })
	case Accepted:
		r.Open = nil
	}
	return r
}

// Of is the newest open request that asks for the very action and is wanted; asked: there is one.
func (r Requests) Of(action Action) (of Request, asked bool) {
	for _, x := range slices.Backward(r.Open) {
		if x.Wanted() && x.Action.SameSets(action) {
			return x, true
		}
	}
	return of, false
}

// Unwanted are open requests that are wanted still and ask for something else than the action: it takes their place.
func (r Requests) Unwanted(action Action) (out []Request) {
	for _, x := range r.Open {
		if x.Wanted() && !x.Action.SameSets(action) {
			out = append(out, x)
		}
	}
	return out
}

// Stray are the changes that make lines larger of requests that were called off, and may be made all the same: each
// line once, as the largest of them makes it.
func (r Requests) Stray() (out []fleet.SettingChange) {
	for _, x := range r.Open {
		for _, c := range x.Action.Changes {
			if !x.Wanted() && c.Grows() {
				i := slices.IndexFunc(out, c.Same)
				if i < 0 {
					out = append(out, c)
				} else if c.To > out[i].To {
					out[i] = c
				}
			}
		}
	}
	return out
}

// CallOff is what calls a request off.
func CallOff(r Request, closed bool, why verdict.Reason) Event {
	e := Event{Kind: CalledOff, Request: r.Number, Action: &r.Action, Reason: why}
	if closed {
		e.Outcome = Done
	}
	return e
}
