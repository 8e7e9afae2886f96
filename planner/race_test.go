//go:build race

package planner

// raced says that the race detector is on: many instances then take many times as long.
const raced = true
