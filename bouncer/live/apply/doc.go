// Package apply changes lines of [databases] everywhere: an Applier edits the files of each process through its store,
// tells one process to RELOAD and reads back what it has, then the others. What a RELOAD would change besides is
// refused, or was accepted by name.
package apply
