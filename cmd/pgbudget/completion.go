package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"

	external "github.com/pgbudget/pgbudget/bouncer/command"
)

// completionCommand prints, for each shell, what completes command lines. The texts are made of the command tree, and
// are all that the shell reads: a Tab runs no command. The cli package's own dynamic completion for bash and zsh runs
// what is typed, with a flag behind; behind a -- it would carry out a command that moves.
func completionCommand() *cli.Command {
	shell := func(name, to string, script func(*cli.App) (string, error)) *cli.Command {
		return &cli.Command{
			Name: name, Usage: "print the completion for " + name,
			Description: "Examples:\n  source <(pgbudget completion " + name + ")\n  pgbudget completion " + name + " > " + to,
			Action: func(c *cli.Context) error {
				if err := noArguments(c, 0); err != nil {
					return err
				}
				text, err := script(newApp())
				if err != nil {
					return err
				}
				_, err = io.WriteString(c.App.Writer, text)
				return err
			},
		}
	}
	fish := shell("fish", "~/.config/fish/completions/pgbudget.fish", fishCompletion)
	fish.Description = strings.Replace(fish.Description, "source <(pgbudget completion fish)",
		"pgbudget completion fish | source", 1)
	return &cli.Command{
		Name:  "completion",
		Usage: "print the completion of commands and flags for bash, zsh or fish",
		Description: "The completion is of this version: print it anew after an update. A Tab runs nothing of pgbudget.\n\n" +
			"Example:\n  source <(pgbudget completion bash)",
		Subcommands: []*cli.Command{
			shell("bash", "/etc/bash_completion.d/pgbudget", bashCompletion),
			shell("zsh", "/usr/local/share/zsh/site-functions/_pgbudget", zshCompletion),
			fish,
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return unknownCommand(c.Command.Subcommands, "pgbudget completion", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

// completed is a command as a completion needs it.
type completed struct {
	Path     string // its name behind those above it: "journal export"; empty: pgbudget itself
	Usage    string
	Commands []completed
	Options  []option
	Files    bool // it takes files
}

// option is a flag as a completion needs it.
type option struct {
	Names    []string // with their dashes
	Usage    string
	Value    string   // what its value is called; empty: it takes none
	Values   []string // all that there are; empty: not known
	Repeated bool
}

// File reports whether the option's value is the name of a file.
func (o option) File() bool { return o.Value == "FILE" }

// Name is the command's own name.
func (c completed) Name() string { return c.Path[strings.LastIndexByte(c.Path, ' ')+1:] }

// completions are the commands of an app, as a tree.
func completions(app *cli.App) completed {
	root := completed{Options: options(append([]cli.Flag{cli.HelpFlag, cli.VersionFlag}, app.VisibleFlags()...))}
	for _, c := range app.VisibleCommands() {
		root.Commands = append(root.Commands, completionsOf("", c))
	}
	return root
}

func completionsOf(above string, c *cli.Command) completed {
	out := completed{Path: strings.TrimSpace(above + " " + c.Name), Usage: c.Usage,
		Options: options(append(slices.Clone(c.VisibleFlags()), cli.HelpFlag)), Files: c.ArgsUsage != ""}
	for _, sub := range c.Subcommands {
		out.Commands = append(out.Commands, completionsOf(out.Path, sub))
	}
	return out
}

// wholeValue is a value that stands in a usage in place of its name; list is what follows the name of one of several.
var (
	wholeValue = regexp.MustCompile(`^[a-z]+$`)
	list       = regexp.MustCompile("^`[A-Z]+`: ([a-z., -]+)$")
)

func options(flags []cli.Flag) (out []option) {
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		o := option{Usage: strings.ReplaceAll(d.GetUsage(), "`", "")}
		for _, n := range f.Names() {
			o.Names = append(o.Names, strings.Repeat("-", min(2, len(n)))+n)
		}
		if d.TakesValue() {
			o.Value = placeholder(flags, f.Names()[0])
			if wholeValue.MatchString(o.Value) {
				o.Values = []string{o.Value}
			} else if m := list.FindStringSubmatch(d.GetUsage()); m != nil {
				o.Values = strings.Split(strings.ReplaceAll(m[1], " or ", ", "), ", ")
			}
		}
		if s, ok := f.(cli.DocGenerationSliceFlag); ok {
			o.Repeated = s.IsSliceFlag()
		}
		out = append(out, o)
	}
	return out
}

// shellWords are the functions of the templates; what they return is quoted for a shell but for bare names.
var shellWords = template.FuncMap{
	"quote": func(words ...string) string { return external.Line(words...) },
	"join":  func(words []string) string { return strings.Join(words, " ") },
	"all": func(o []option) (names []string) {
		for _, x := range o {
			names = append(names, x.Names...)
		}
		return names
	},
	"names": namesOf, "each": everyOf, "zshOption": zshOption,
	"zshCommand": func(c completed) string { return external.Line(c.Name() + ":" + c.Usage) },
	"zshFunction": func(c completed) string {
		return strings.ReplaceAll(strings.TrimSpace("_pgbudget "+c.Path), " ", "_")
	},
}

func namesOf(commands []completed) (names []string) {
	for _, c := range commands {
		names = append(names, c.Name())
	}
	return names
}

// everyOf lists a command and all below it.
func everyOf(c completed) []completed {
	out := []completed{c}
	for _, sub := range c.Commands {
		out = append(out, everyOf(sub)...)
	}
	return out
}

// zshOption are the words that tell _arguments of an option.
func zshOption(o option) string {
	escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
	value := ""
	switch {
	case o.File():
		value = ":FILE:_files"
	case len(o.Values) > 0:
		value = ":" + escape.Replace(o.Value) + ":(" + strings.Join(o.Values, " ") + ")"
	case o.Value != "":
		value = ":" + escape.Replace(o.Value) + ": "
	}
	var out []string
	for _, n := range o.Names {
		before, after := "("+strings.Join(o.Names, " ")+")", ""
		if o.Repeated {
			before = "*"
		}
		if value != "" && strings.HasPrefix(n, "--") {
			after = "="
		}
		out = append(out, before+n+after+"["+escape.Replace(o.Usage)+"]"+value)
	}
	return external.Line(out...)
}

// filled fills a template with the commands of an app.
func filled(t *template.Template, app *cli.App) (string, error) {
	var b strings.Builder
	err := t.Execute(&b, completions(app))
	return b.String(), err
}

func bashCompletion(app *cli.App) (string, error) { return filled(bashTemplate, app) }

func zshCompletion(app *cli.App) (string, error) { return filled(zshTemplate, app) }

// fishCompletion is the cli package's, with the values that it does not know, and without files where a command is
// wanted.
func fishCompletion(app *cli.App) (string, error) {
	for _, c := range app.Commands {
		for _, x := range append(c.Subcommands, c) {
			for _, f := range x.Flags {
				if s, ok := f.(*cli.StringFlag); ok {
					s.TakesFile = placeholder(x.Flags, s.Name) == "FILE"
				}
				if s, ok := f.(*cli.StringSliceFlag); ok {
					s.TakesFile = placeholder(x.Flags, s.Name) == "FILE"
				}
			}
		}
	}
	text, err := app.ToFishCompletion()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(text, "`", ""))
	fmt.Fprintf(&b, "\ncomplete -c %s -n __fish_%[1]s_no_subcommand -f\n", app.Name)
	for _, c := range everyOf(completions(app)) {
		if c.Path != "" && len(c.Commands) > 0 {
			fmt.Fprintf(&b, "complete -c %s -n %s -f\n", app.Name, external.Line("__fish_seen_subcommand_from "+c.Name()+
				"; and not __fish_seen_subcommand_from "+strings.Join(namesOf(c.Commands), " ")))
		}
		for _, o := range c.Options {
			if len(o.Values) > 0 {
				fmt.Fprintf(&b, "complete -c %s -n %s -x", app.Name, external.Line("__fish_seen_subcommand_from "+c.Name()))
				for _, n := range o.Names {
					b.WriteString(map[bool]string{true: " -l ", false: " -s "}[len(n) > 2] + strings.TrimLeft(n, "-"))
				}
				b.WriteString(" -a " + external.Line(strings.Join(o.Values, " ")) + "\n")
			}
		}
	}
	return b.String(), nil
}
