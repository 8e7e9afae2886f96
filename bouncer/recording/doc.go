// Package recording keeps samples of a fleet in a file, so that every command can work without the fleet.
//
// A recording is JSON lines: a header, then history (where Prometheus was asked) and one observation per sample, oldest
// first. It holds versions and a hash of the configuration, no secrets, and where it is redacted no hosts,
// paths or application names, and no names and identities of servers. A line is written whole and synced before the
// next sample, so an interrupted recording is a shorter one.
package recording
