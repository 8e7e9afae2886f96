package main

import (
	"context"
	"fmt"
	"io"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// emit prints what is left of a step as patches, one for what is released and one for what is granted: these
// connections are there once those have drained. Each begins with a title, which git apply and patch pass over.
func (m *runner) emit(ctx context.Context, w io.Writer, p preview) error {
	type part struct {
		verb, then string
		sets       []fleet.SettingChange
	}
	var parts []part
	for _, x := range []part{{"release", "RELOAD, see drained", p.left.Releases}, {"grant", "RELOAD", p.left.Grants}} {
		if len(x.sets) > 0 {
			parts = append(parts, x)
		}
	}
	if len(parts) == 0 {
		fmt.Fprintln(stderr, "note: nothing to write: "+nothingLeft(p))
	}
	for i, x := range parts {
		edits, err := m.applier.Edits(ctx, x.sets)
		if err != nil {
			return err
		}
		title := fmt.Sprintf("%d of %d: %s %s, %s\n", i+1, len(parts), x.verb, state.Step{Changes: x.sets}.Text(), x.then)
		if _, err := io.WriteString(w, title); err != nil {
			return err
		}
		if err := patches(w, edits); err != nil {
			return err
		}
	}
	if t := p.left.Traffic; t != nil {
		fmt.Fprintf(stderr, "note: then set the %s: %s\n", t.Text(), switchCommand(p.survey.Traffic, *t))
	}
	return nil
}

// nothingLeft says why a step has no line to write.
func nothingLeft(p preview) string {
	if p.journalState.Step != nil {
		return "every line of the step in hand has its new value"
	}
	return "the sizes equal the plan's"
}

// patches prints every file's change once, and says which lines it cannot show as they are.
func patches(w io.Writer, edits []ini.Edited) error {
	seen := map[string]bool{}
	for _, e := range edits {
		text := ini.Diff(e)
		if seen[text] {
			continue
		}
		seen[text] = true
		for _, line := range ini.Hidden(e) {
			fmt.Fprintf(stderr, "note: %s:%d may hold a secret and is masked, so no patch program can apply this line: edit "+
				"the line by hand\n", e.Path, line)
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}
