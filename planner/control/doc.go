// Package control decides. Next looks at a Situation, what was seen, what the journal knows and what the signals say, and
// returns the one Act that is due: release, wait for the drain, grant, soak, go back, hold or stop. The same Situation
// always gives the same Act. Promise checks an act before it is done, Gate and Trail watch signals and waiting.
package control
