package main

import (
	"context"
	"fmt"
	"io"

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
	var f form.Form
	if as != asPatch {
		var err error
		if f, err = form.Of(as); err != nil {
			return err
		}
	}
	var before []fleet.SettingChange
	for i, x := range parts {
		title := fmt.Sprintf("%d of %d: %s %s, %s\n", i+1, len(parts), x.verb, state.Step{Changes: x.sets}.Text(), x.then)
		if as != asPatch {
			if err := formed(w, x.sets, before, p.survey.Evidence.Last.Processes, title, f); err != nil {
				return err
			}
			before = append(before, x.sets...)
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

// formed prints sets in a form, before having been made; both are of a sample of processes.
func formed(w io.Writer, sets, before []fleet.SettingChange, now []fleet.Process, title string, f form.Form) error {
	sizes, err := form.SizesOf(sets, before, now)
	if err != nil {
		return err
	}
	parts, err := f.Parts(sizes)
	if err != nil {
		return err
	}
	if f.Whole && len(before) > 0 {
		fmt.Fprintln(stderr, "note: each part has every size: it goes in place of the one before")
	}
	for i, p := range parts {
		head := "# " + title
		if i > 0 {
			head = ""
		}
		switch {
		case f.JSON:
			fmt.Fprintf(stderr, "note: group %s: %s", p.Group, title)
			head = ""
		case f.YAML && (len(before) > 0 || i > 0):
			head = "---\n" + head
		}
		if _, err := io.WriteString(w, head+p.Text); err != nil {
			return err
		}
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
