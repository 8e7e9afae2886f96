package plannertest

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Quiet is a pool of 15 that carries 2 Erlangs; each sample is changed by edit.
func Quiet(edit func(i int, o *fleet.Observation)) []fleet.Observation {
	w := &World{At: Epoch, Size: 15, Version: "1.24.1", Mode: "transaction", Active: 2, Counts: true}
	var looks []fleet.Observation
	for i := range 61 {
		o := w.Look()
		edit(i, &o)
		looks = append(looks, o)
		w.Run(time.Second, 200, 10*time.Millisecond, 0)
	}
	return looks
}
