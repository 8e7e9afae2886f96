package main

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestCommandsAreRepeatedAsTheyWereTyped: a command in a text runs when it is pasted, and shows no password.
func TestCommandsAreRepeatedAsTheyWereTyped(t *testing.T) {
	commands := newApp().Commands
	for _, c := range []struct {
		typed, env, text, want string
	}{
		{"step --config f.yaml", "", "pgbudget run continues, pgbudget rollback takes the step back",
			"pgbudget run --config f.yaml continues, pgbudget rollback --config f.yaml takes the step back"},
		{"step -c f.yaml --yes", "", "pgbudget plan --best-effort", "pgbudget plan --config f.yaml --best-effort"},
		{"step -c=f.yaml", "", "pgbudget journal import m.jsonl", "pgbudget journal import --config f.yaml m.jsonl"},
		{"stpe --config f.yaml", "", "did you mean pgbudget step? pgbudget --help lists",
			"did you mean pgbudget step --config f.yaml? pgbudget --help lists"},
		{"step --config|a 'b'.yaml", "", "pgbudget run", `pgbudget run --config 'a '"'"'b'"'"'.yaml'`},
		{"step --config f.yaml", "PGBUDGET_CONFIG=f.yaml", "pgbudget run", "pgbudget run"},
		{"step --config f.yaml", "PGBUDGET_CONFIG=g.yaml", "pgbudget run", "pgbudget run --config f.yaml"},
		{"step --config pgbudget.yaml", "", "pgbudget run", "pgbudget run"},
		{"step --config pgbudget.yaml", "PGBUDGET_CONFIG=g.yaml", "pgbudget run", "pgbudget run --config pgbudget.yaml"},
		{"step", "", "pgbudget run", "pgbudget run"},
		{"step --config a.yaml --config b.yaml", "", "pgbudget run", "pgbudget run --config b.yaml"},
		{"step --config f.yaml", "",
			"pgbudget plan --config g.yaml; pgbudget step --help; pgbudget init; another pgbudget is at work",
			"pgbudget plan --config g.yaml; pgbudget step --help; pgbudget init; another pgbudget is at work"},
		{"step --config f.yaml", "", "pgbudget step would end with 7 now; pgbudget status on its host shows its step",
			"pgbudget step would end with 7 now; pgbudget status on its host shows its step"},
		{"explain 9 --config f.yaml", "", "pgbudget explain takes no argument besides its flags",
			"pgbudget explain takes no argument besides its flags"},
		{"plan --from r.jsonl", "", "pgbudget plan --best-effort, pgbudget step",
			"pgbudget plan --from r.jsonl --best-effort, pgbudget step"},
		{"plan --postgres|main=host=h user=u password=hunter2|--bouncer|ci=postgres://u:hunter2@h/pgbouncer", "",
			"pgbudget plan",
			"pgbudget plan --postgres 'main=host=h user=u' --bouncer ci=postgres://u@h/pgbouncer"},
		{"plan --postgres|host=h password='hunter2", "", "pgbudget plan", "pgbudget plan"},
		{"plan --config", "", "pgbudget plan", "pgbudget plan"},
	} {
		args := strings.Split(c.typed, "|")
		args = append(strings.Fields(args[0]), args[1:]...)
		getenv := func(name string) string {
			if n, v, _ := strings.Cut(c.env, "="); n == name {
				return v
			}
			return ""
		}
		if got := typedAgain(args, commands, getenv).in(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.typed, got, c.want)
		}
	}
}

// TestHelpNamesTheValueOfEveryFlag: "value" says nothing.
func TestHelpNamesTheValueOfEveryFlag(t *testing.T) {
	for _, c := range newApp().Commands {
		for _, x := range append(c.Subcommands, c) {
			for _, f := range x.Flags {
				if d, ok := f.(cli.DocGenerationFlag); ok && d.TakesValue() && placeholder(x.Flags, f.Names()[0]) == "one" {
					t.Errorf("%s --%s: its usage has no name for its value: %q", x.Name, f.Names()[0], d.GetUsage())
				}
			}
		}
	}
}
