//go:build race

// Package race says whether the race detector is on: thousands of instances then take many times as long.
package race

// On reports whether the race detector is on.
const On = true
