// Package command runs the commands that a config names: stores, hooks, mirrors and traffic switches.
//
// A Call runs one command without a shell, bounded by the caller's context, in a process group of its own: a command
// that takes too long ends with all that it has begun. Its output is bounded, too. An error has the name of the command
// and the last line of its standard error, without secrets, and never its output: that may be a file with passwords.
// Line writes a command as a person types it.
package command
