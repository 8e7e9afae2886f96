// Package observe makes one whole picture of a real fleet, a fleet.Observation, or an error that names every console
// and server that did not answer; see package live for the order of a sample. It keeps the sessions, and with them the
// lock that two operators do not hold at once.
package observe
