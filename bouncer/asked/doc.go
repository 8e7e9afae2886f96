// Package asked is what a person asks of a run in progress, from another terminal: to take the step in hand back at
// once, or to go on with other settings. Each is a file beside the journal, which the run reads at every sample. A run
// removes those of before as it begins.
package asked
