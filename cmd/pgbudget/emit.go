package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/form"
	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// asPatch is the form of --emit that holds for any file that PgBouncer reads.
const asPatch = "patch"

// emit prints what is left of a step as patches, or in another form, one for what is released and one for what is
// granted: these connections are there once those have drained. Each begins with a title, which git apply and patch
// pass over, or a comment; JSON has none, and is titled in notes.
func (m *runner) emit(ctx context.Context, w io.Writer, p preview, as string) error {
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
		title := fmt.Sprintf("%d of %d: %s %s, %s\n", i+1, len(parts), x.verb, state.Step{Changes: x.sets}.Text(), x.then)
		if as != asPatch {
			if err := m.formed(w, x.sets, title, as, i > 0); err != nil {
				return err
			}
			continue
		}
		edits, err := m.applier.Edits(ctx, x.sets)
		if err != nil {
			return err
		}
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

// formed prints sets in a form; after: something was printed before.
func (m *runner) formed(w io.Writer, sets []fleet.SettingChange, title, as string, after bool) error {
	processes := map[string]int{}
	for _, g := range m.source.config.Groups {
		processes[g.Name] = len(g.Processes)
	}
	sizes, err := form.SizesOf(sets, processes)
	if err != nil {
		return err
	}
	text, err := form.Write(as, sizes)
	if err != nil {
		return err
	}
	between := "# " + title
	switch {
	case strings.HasPrefix(text, "{"):
		fmt.Fprint(stderr, "note: "+title)
		between = ""
	case after && !strings.Contains(text, " = "): // a document of YAML
		between = "---\n" + between
	}
	_, err = io.WriteString(w, between+text)
	return err
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
