// Package control decides. Next looks at a State, what was seen, what the journal knows and what the signals say, and
// returns the one Action that is due: release, wait for the drain, grant, soak, go back, hold or stop. The same State
// always gives the same Action. Decisions are made by codes, and each says why as a verdict.Reason. Promise checks an
// action before it is done, SaturationGuard and RecentSamples watch signals and waiting.
package control
