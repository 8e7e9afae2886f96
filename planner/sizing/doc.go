// Package sizing finds the sizes: Solve gives each connection to the pool whose waiting it lessens most, within every
// budget and limit, and above every floor that a promise of waits needs. The Plan shows its arithmetic; where no sizes
// keep all promises, an error says which of them cannot be kept together, and what would cure that.
package sizing
