// Package shift moves traffic between two pools together with their sizes: PathOf finds the percentages and sizes that
// lead from one share of the traffic to another without a server's worst case above its budget, or says what blocks the
// path.
package shift
