// Package report makes one self-contained HTML page of a plan, a run or a simulation: ledgers, sizes, pictures over
// time, decisions with their reasons, and what was learnt. It needs no network and no script, and reads on paper and on
// a phone. Equal contents make equal bytes.
package report
