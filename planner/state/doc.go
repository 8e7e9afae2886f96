// Package state is what the journal knows and no look at a fleet can show: the step in hand, acts whose end nobody knows,
// lines ever written, traffic switches, what was learnt. Memory is a fold over Events; After returns the next one. An
// Event is written before the Act that it records is done.
package state
