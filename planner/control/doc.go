// Package control decides. Next reads a State: the samples, what the journal knows, what the signals say. Next returns
// the one Action that is due: release, wait for the drain, grant, soak, go back, hold or stop. The same State always
// gives the same Action. Decisions are made by codes, and each says why as a verdict.Reason. Promise checks an action
// before it is done, SaturationGuard and RecentSamples watch signals and waiting.
package control
