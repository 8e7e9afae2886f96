package sim

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// World is a fleet in virtual time. It has one caller at a time.
type World struct{}

// New builds a world at virtual time 0. The error joins every fault of the spec.
func New(spec Spec, seed uint64) (*World, error) { panic("not yet") }

// At returns the virtual time since Spec.Start.
func (w *World) At() time.Duration { panic("not yet") }

// Now returns Spec.Start plus At.
func (w *World) Now() time.Time { panic("not yet") }

// Sleep runs the world for d of virtual time.
func (w *World) Sleep(ctx context.Context, d time.Duration) error { panic("not yet") }

// Observe takes one look, as the live fleet does; it takes Spec.LookLatency of virtual time.
func (w *World) Observe(ctx context.Context) (planner.Observation, error) { panic("not yet") }

// Read returns every signal as it can be read now.
func (w *World) Read(ctx context.Context) ([]planner.Signal, error) { panic("not yet") }

// Do applies an act now, whatever its At says.
func (w *World) Do(a Act) error { panic("not yet") }

// ResetResults begins a new count: the end of the warm-up.
func (w *World) ResetResults() { panic("not yet") }

// Results returns what was counted since the last ResetResults. The caller owns it.
func (w *World) Results() Results { panic("not yet") }

// Sample returns the gauges now and the rates since the last Sample. The caller owns it.
func (w *World) Sample() Sample { panic("not yet") }
