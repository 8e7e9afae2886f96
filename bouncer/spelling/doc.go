// Package spelling suggests the name that was meant where another word was written: a key of the config, a command, a
// flag, a parameter of PgBouncer. A word and a name that are one letter apart, or have the same letters in another
// order, are taken for the same.
package spelling
