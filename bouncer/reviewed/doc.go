// Package reviewed is a plan that somebody has reviewed: its sizes, the steps there, all that it was made from, and a
// hash of each file. A step moves to exactly these sizes, or says what has moved since.
package reviewed
