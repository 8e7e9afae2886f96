// Package state is what the journal knows and no sample of a fleet can show: the step in hand, acts whose end nobody
// knows, lines ever written, traffic switches, what was learnt. JournalState is a fold over Events; After returns the
// next one. An Event is written before the Action that it records is done.
package state
