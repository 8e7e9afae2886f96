package main

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer/spelling"
)

// meant are words of other tools for what a command here does. Whoever wants to end a run is not pointed at one that
// moves.
var meant = map[string]string{"stop": "pause", "halt": "pause", "cancel": "pause", "undo": "rollback",
	"revert": "rollback", "validate": "plan"}

// unknownCommand is the error of a word that is no command of these.
func unknownCommand(commands []*cli.Command, whose, word string) error {
	var names []string
	for _, c := range commands {
		names = append(names, c.Name)
	}
	hint := whose + " --help lists the commands"
	n := spelling.Suggestion(word, names)
	if m := meant[word]; slices.Contains(names, m) {
		n = m
	}
	switch {
	case word == "help" || word == "version" && whose == "pgbudget": // flags here
		n = "--" + word
	case word == "undo" && slices.Contains(names, "rollback"):
		n = "abort, which takes the step in hand back, or " + whose + " rollback, which takes back completed ones, too"
	}
	if n != "" {
		hint = "did you mean " + whose + " " + n + "? " + hint
	}
	return usage(hint, "unknown command %q", word)
}

// What the flag package says of a flag without its value, of one that is not there, and of a value that it cannot read.
var (
	noValue  = regexp.MustCompile(`^flag needs an argument: -+(.*)$`)
	noFlag   = regexp.MustCompile(`^flag provided but not defined: -+(.*)$`)
	badValue = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-([^:]+): (.*)$`)
)

// usageError words the flag package's complaint as an error of usage that names the flag and what it wants.
func usageError(c *cli.Context, err error, _ bool) error {
	name, flags := "pgbudget", c.App.Flags
	if c.Command != nil && c.Command.HelpName != "" {
		name, flags = c.Command.HelpName, c.Command.Flags
	}
	hint := name + " --help shows its flags"
	if m := noValue.FindStringSubmatch(err.Error()); m != nil {
		return usage(hint, "%s has no value, want %s", typed(m[1]), wanted(flags, m[1], placeholder(flags, m[1])))
	}
	if m := noFlag.FindStringSubmatch(err.Error()); m != nil {
		if c.Command != nil && len(c.Command.Subcommands) > 0 && subcommandsTake(c.Command, m[1]) {
			return usage("flags go behind the command, as in "+name+" "+c.Command.Subcommands[0].Name+"; "+name+" --help lists "+
				"the commands",
				"%s belongs to the commands of %s, and no command is named", typed(m[1]), name)
		}
		var names []string
		for _, f := range flags {
			names = append(names, f.Names()...)
		}
		names = slices.DeleteFunc(names, func(n string) bool { return len(n) == 1 }) // each is near to every other
		if n := spelling.Suggestion(m[1], names); n != "" && len(m[1]) > 1 {
			hint = "did you mean --" + n + "? " + hint
		}
		return usage(hint, "unknown flag %s", typed(m[1]))
	}
	if m := badValue.FindStringSubmatch(err.Error()); m != nil && !strings.HasSuffix(m[3], "value out of range") {
		return usage(hint, "%s is %s, want %s", typed(m[2]), m[1], wanted(flags, m[2], m[3]))
	}
	return usage(hint, "%s", err)
}

// subcommandsTake reports whether a flag is one of those of all commands below this one.
func subcommandsTake(c *cli.Command, name string) bool {
	for _, sub := range c.Subcommands {
		if !slices.ContainsFunc(sub.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }) {
			return false
		}
	}
	return true
}

// placeholder is what a flag's help calls its value.
func placeholder(flags []cli.Flag, name string) string {
	for _, f := range flags {
		if d, ok := f.(cli.DocGenerationFlag); ok && slices.Contains(f.Names(), name) {
			if parts := strings.Split(d.GetUsage(), "`"); len(parts) > 2 {
				return parts[1]
			}
		}
	}
	return "one"
}

// typed is a flag as it stands on the command line, with one dash or two.
func typed(name string) string {
	for _, arg := range os.Args[1:] {
		if word, _, _ := strings.Cut(arg, "="); word == "-"+name || word == "--"+name {
			return word
		}
	}
	return "--" + name
}

// wanted says what a flag takes; otherwise says it where the flag's kind does not.
func wanted(flags []cli.Flag, name, otherwise string) string {
	for _, f := range flags {
		for _, n := range f.Names() {
			if n != name {
				continue
			}
			switch f.(type) {
			case *cli.Float64Flag:
				return "a number, without a unit"
			case *cli.IntFlag, *cli.Int64Flag:
				return "a whole number, without a unit"
			case *cli.Uint64Flag:
				return "a whole number, 0 or more"
			case *cli.DurationFlag:
				return "a time with its unit, as 90s, 10m or 2h"
			case *cli.BoolFlag:
				return "no value: the flag is given or left out"
			}
		}
	}
	return strings.TrimPrefix(otherwise, "parse error: ")
}
