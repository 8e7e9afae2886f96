// Package state is what the journal knows and no sample of a fleet can show. JournalState is a fold over Events, in
// parts, each with a fold of its own: the newest run, the step in hand, aborts and failures one after the other, what
// holds, settings ever written, traffic switches, what was learnt. After returns the next one. An Event is written
// before the Action that it records is done. An Action is made by the constructor of its kind, and says why as a
// verdict.Reason.
package state
