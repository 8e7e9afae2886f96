// Package store reads and writes the configuration files of PgBouncer processes: files of this host, or what commands
// print and take, such as those of ssh, kubectl or consul.
//
// A file of this host is replaced as a whole and never half: a new one beside it, with all that the old one has
// besides its bytes, is on disk before it takes the old one's name, and the folder is on disk before Write returns.
// Whoever reads the name finds the old bytes or the new ones, after a crash, too. The two exchange their names, and
// what comes out is compared with what was observed: what somebody else wrote at that very moment goes back in its
// place.
// What cannot be kept or replaced is refused before anything begins: Try does it all to files of its own.
//
// What a command does to a file is its own affair. So the old bytes lie in a Keep, beside the journal, from before a
// file is written until whoever wrote it calls Settled; a file that a command has left half is given them again.
package store
