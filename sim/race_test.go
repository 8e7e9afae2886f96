//go:build race

package sim

// raced says that the race detector is on: many fleets then take many times as long.
const raced = true
