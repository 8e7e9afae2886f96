// Package apply changes lines of [databases] everywhere: Hands edit the files of each process through its store, tell one
// process to RELOAD and read back what it has, then the others. What a RELOAD would change besides is refused, or was
// accepted by name.
package apply
