package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	external "github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/bouncer/secret"
)

// again makes the commands that pgbudget names ones that can be pasted: each repeats what the command line of this
// one said of where the facts are, as far as the command takes it. What an environment variable says, and a
// pgbudget.yaml that is found without a flag, serve the next command as they did this one.
type again struct {
	flags    []typedFlag
	commands map[string][]string // by name, with the name of the command above it: the flags it takes
}

// typedFlag is a flag as it stood on the command line.
type typedFlag struct{ name, value string }

// repeatable are the flags that say where the facts are, and where the fleet goes, and their other names.
var repeatable = map[string]string{"config": "config", "c": "config", "from": "from", "postgres": "postgres",
	"bouncer": "bouncer", "plan": "plan"}

// typedAgain reads what was typed. A password in it stays out of what is printed.
func typedAgain(args []string, commands []*cli.Command, getenv func(string) string) again {
	out := again{commands: map[string][]string{}}
	for _, c := range commands {
		out.takes(c.Name, c)
		for _, s := range c.Subcommands {
			out.takes(c.Name+" "+s.Name, s)
		}
	}
	for i := 0; i < len(args); i++ {
		word, value, joined := strings.Cut(args[i], "=")
		name, known := repeatable[strings.TrimLeft(word, "-")]
		if word == "--" {
			break
		}
		if !known || !strings.HasPrefix(word, "-") {
			continue
		}
		if !joined && i+1 < len(args) {
			i++
			value = args[i]
		}
		given := value
		if name == "postgres" || name == "bouncer" {
			value = told(value)
		}
		switch {
		case value == "" || given == getenv("PGBUDGET_"+strings.ToUpper(name)):
			continue // nothing that could be printed, or the next command has it from there
		case name == "config" && value == defaultConfig && getenv("PGBUDGET_CONFIG") == "":
			continue
		}
		if name == "config" || name == "from" || name == "plan" { // the last one counts
			out.flags = slices.DeleteFunc(out.flags, func(f typedFlag) bool { return f.name == name })
		}
		out.flags = append(out.flags, typedFlag{name, value})
	}
	return out
}

// told is a [NAME=]DSN without its password; empty where it cannot be cleaned.
func told(value string) string {
	name, dsn := splitName(value)
	if dsn = secret.WithoutPasswords(dsn); dsn == "" || name == "" {
		return dsn
	}
	return name + "=" + dsn
}

func (a again) takes(name string, c *cli.Command) {
	flags := []string{}
	for _, f := range c.Flags {
		flags = append(flags, f.Names()[0])
	}
	a.commands[name] = flags
}

// ourCommand is a command of ours in a text.
var ourCommand = regexp.MustCompile(`\bpgbudget (journal )?([a-z]+)\b`)

// elsewhere is what follows a command that nobody is to type here: it is only told of, or is for another host.
var elsewhere = regexp.MustCompile(`^ (would\b|on its host\b|takes (no|\d+) argument|--(help|reference)\b)`)

// in completes the commands of a text.
func (a again) in(text string) string {
	if len(a.flags) == 0 || !strings.Contains(text, "pgbudget ") {
		return text
	}
	var b strings.Builder
	from := 0
	for _, at := range ourCommand.FindAllStringIndex(text, -1) {
		takes, known := a.commands[strings.TrimPrefix(text[at[0]:at[1]], "pgbudget ")]
		rest := text[at[1]:]
		if !known || elsewhere.MatchString(rest) {
			continue
		}
		if end := strings.IndexAny(rest, ",;|()\n"); end >= 0 {
			rest = rest[:end]
		}
		b.WriteString(text[from:at[1]])
		from = at[1]
		for _, f := range a.flags {
			if slices.Contains(takes, f.name) && !strings.Contains(rest, "--"+f.name+" ") {
				b.WriteString(" --" + f.name + " " + external.Line(f.value))
			}
		}
	}
	b.WriteString(text[from:])
	return b.String()
}

// pasted is what the command line of this program makes of a text.
var pasted = func(text string) string { return text }

// keepsPlan makes the commands that are named keep the saved plan of the newest run, while the fleet is not there.
func (s source) keepsPlan(c *cli.Context) {
	if s.config == nil || s.config.Journal == "" {
		return
	}
	m, err := journalStateOf(s.config)
	if err != nil { // whoever needs it says so
		return
	}
	goal, _, err := runGoalOf(m, journal.Newest(s.config.Journal), nil)
	if err != nil || goal == nil || goal.File == "" || !goal.Left && m.Step == nil {
		return
	}
	before, kept := pasted, typedAgain([]string{"--plan", goal.File}, c.App.Commands, os.Getenv)
	pasted = func(text string) string { return kept.in(before(text)) }
}

// pasting completes the commands of what is written for people.
type pasting struct{ w io.Writer }

// Write reports as many bytes as it was given where all of what became of them was written.
func (p pasting) Write(b []byte) (int, error) {
	text := pasted(string(b))
	if text == string(b) {
		return p.w.Write(b)
	}
	if _, err := io.WriteString(p.w, text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// said is where a command that prints no result says what it did.
func said(c *cli.Context) io.Writer { return pasting{c.App.Writer} }
