// Package store reads and writes the configuration files of PgBouncer processes: files of this host, or what commands
// print and take, such as those of ssh, kubectl or consul.
//
// A file of this host is replaced as a whole and never half: a new one beside it, with the old one's mode and owner, is
// on disk before it takes the old one's name, and the folder is on disk before Write returns. Whoever reads the name
// finds the old bytes or the new ones, after a crash, too. The old bytes are compared once more just before.
package store
