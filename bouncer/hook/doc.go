// Package hook runs the user's commands when a run does something: to mark a step in a dashboard, to call somebody.
//
// Hooks.Decorate returns a journal whose events run hooks. A hook hears an event that is on disk, in variables of its
// environment. Hooks run beside the run, one after the other, and hold up nothing; a hook that fails is a note in the
// journal. Argv is the command of each hook by its name.
package hook
