package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// agreed reports whether nobody needs to be asked.
func agreed(c *cli.Context, s source) bool {
	return c.Bool("yes") || c.Bool("dry-run") || c.IsSet("emit") || !s.config.Policy.Asks()
}

// askable refuses a command that would have to ask and cannot, before it takes a sample.
func askable(c *cli.Context, s source) error {
	if agreed(c, s) || isatty.IsTerminal(os.Stdin.Fd()) {
		return nil
	}
	return usage("--yes, or policy: {confirm: never} in the config; pgbudget "+c.Command.Name+" --dry-run shows what "+
		"would be done",
		"standard input is no terminal, so nobody can confirm")
}

// ask shows a person what is about to be done, and asks whether it may be.
func (m *runner) ask(c *cli.Context, out output, p preview, what string) error {
	if agreed(c, m.source) {
		return nil
	}
	if p.journalState.Step != nil || !p.step.Empty() {
		if err := p.edited(c.Context, m); err != nil {
			return err
		}
		out.w, out.color = stderr, false
		out.preview(p)
	}
	return m.confirm(c, what)
}

// confirm asks whether what is said may be done.
func (m *runner) confirm(c *cli.Context, what string) error { return confirm(c, m.source, what) }

// confirm asks on a terminal whether what is said may be done: with an environment, its name is typed. Anything else,
// the end of the input and a signal are a no.
func confirm(c *cli.Context, s source, what string) error {
	if agreed(c, s) {
		return nil
	}
	want := "yes"
	if s.config.Environment != "" {
		want = s.config.Environment
	}
	fmt.Fprintln(stderr, what)
	if isatty.IsTerminal(os.Stdin.Fd()) { // what was typed before the question answers none
		if err := unread(os.Stdin.Fd()); err != nil {
			return fmt.Errorf("input typed before the question cannot be told from the answer: %w", err)
		}
	}
	fmt.Fprintf(stderr, "type %s to continue: ", want)
	typed := make(chan string, 1)
	go func() { // a read of a terminal cannot be ended: after a signal, the program ends without it
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		typed <- line
	}()
	select {
	case <-c.Context.Done():
		fmt.Fprintln(stderr)
		return c.Context.Err()
	case line := <-typed:
		if strings.TrimSpace(line) != want {
			return &operr.Error{Kind: operr.KindHeld, Err: errors.New("not confirmed: nothing was changed"),
				Hint: "the same command again, and type " + want}
		}
		return nil
	}
}

// question is what a person is asked to agree to before a run; empty: nothing, it ends at its first sample with nothing
// moved. A run that can move nothing yet waits until it can, and opens its steps without another question.
func question(c bouncer.Survey, policy state.Policy, m state.JournalState, step state.Step,
	blocked, paused verdict.Reason) string {
	const later = "; steps begin once the cause is gone"
	switch over := c.State(policy, m).OverBudget(); {
	case !step.Empty():
		what := "first step: "
		if m.Step != nil {
			what = "the step in hand continues first: "
		}
		if held := c.HeldNow(policy, m, step); held.Any() {
			return what + step.Text() + "; held now: " + held.Text() + later
		}
		return what + step.Text()
	case blocked.Any():
		return "no step can begin now: " + blocked.Text() + later
	case paused.Any():
		return "no step can begin now: " + paused.Text() + later
	case over.Any():
		return "no step can begin now: " + over.Text() + later
	case c.Shifting():
		return "no step can begin now: the traffic switch is between its start and its goal, and today's sizes serve no " +
			"further percentage" + later
	case m.Intent != nil:
		return "an action was begun and its result is not known: pgbudget repeats the action"
	}
	return ""
}
