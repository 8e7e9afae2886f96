// Package budget keeps the ledger: every connection that a server may be asked for in the worst case, line by line,
// against max_connections. Model joins what the config declares with an Observation and the Loads into a Fleet; its
// WorstConns is what the promise is about, and a LimitRoom what several pools share below it.
package budget
