package apply

import (
	"fmt"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
)

// subject is where a difference stands.
func subject(d ini.Difference) string {
	if d.At.Line == 0 {
		return d.At.File
	}
	return d.At.String()
}

// Halves of sentences about differences.
const (
	waits    = "somebody's edit waits for a RELOAD"
	withOurs = ", which would apply it together with ours"
)

// sentence says what a RELOAD would change, with file, line and key.
func sentence(d ini.Difference, id string) string { return subject(d) + ": " + change(d, id) }

// change is the sentence without where the difference stands.
func change(d ini.Difference, id string) string {
	if d.Key == "" {
		return ofLine(d, id)
	}
	what := d.Key
	switch {
	case strings.HasPrefix(d.Name, "users."):
		what += " of user " + name(d.Of)
	case strings.HasPrefix(d.Name, "peers."):
		what += " of peer " + name(d.Of)
	case d.Of != "":
		what += " of " + name(d.Of)
	}
	text := fmt.Sprintf("%s is %s there and %s in %s: ", what, d.File, d.Now, id)
	switch {
	case d.Cause == ini.Unsaid:
		text = fmt.Sprintf("%s is %s in %s and no line says it: a SET is in force, or its line was taken out, "+
			"and a RELOAD brings the default back, %s", what, d.Now, id, d.File)
	case d.File == d.Now:
		text = fmt.Sprintf("%s differs in the file from %s (the values are masked): %s%s", what, id, waits, withOurs)
	case d.Of == "":
		text += "a SET is in force, which a RELOAD would undo, or " + waits + withOurs
	default:
		text += waits + withOurs
	}
	return text
}

// ofLine says what becomes of a whole line.
func ofLine(d ini.Difference, id string) string {
	section, line := "databases", "the line of "+name(d.Of)
	for _, other := range []string{"users", "peers"} {
		if d.Name == other+"."+d.Of+".line" {
			section, line = other, fmt.Sprintf("the line of %s in [%s]", name(d.Of), other)
		}
	}
	switch {
	case d.Cause == ini.Added:
		return fmt.Sprintf("%s is written there and missing in %s: %s", line, id, waits+withOurs)
	case d.Cause == ini.Twice:
		return line + " is in the file several times, leading to different places: any RELOAD would close its server " +
			"connections"
	case section == "databases":
		return fmt.Sprintf("%s is gone from the file, and a RELOAD would cut its clients at %s", line, id)
	}
	return fmt.Sprintf("%s is gone from the file, and a RELOAD would take it from %s", line, id)
}

// consequence says what a change does besides.
func (x processChange) consequence(d ini.Difference) string {
	switch user := x.console.Config.User; {
	case d.Name == "admin_users" && d.LocksOut(user):
		return "; " + name(user) + ", as whom pgbudget talks to the console, is not in it and would be locked out"
	case d.Recycles && d.Cause != ini.Twice:
		return "; it closes server connections, and a pool with waiting clients may open one more than its size"
	case raises(d) && !goneLine(d):
		return "; it may open connections that no plan has counted: RELOAD while connections are spare, and the next plan " +
			"counts them"
	}
	return ""
}

// goneLine reports whether a difference is a line of [databases] that was taken out of the file.
func goneLine(d ini.Difference) bool { return d.Cause == ini.Gone && d.Name == d.Of+".line" }

// told keeps what a comparison cannot tell, and what a restart would change.
func (x processChange) told(c ini.Comparison, now admin.InForce) {
	w := &x.all.pending
	if len(c.Unseen) > 0 {
		about := noted{what: noteNotCompared, about: now.Version, key: strings.Join(c.Unseen, "; ")}
		w.note(about, fmt.Sprintf("not compared, because no console of PgBouncer %s shows it, and applied by any RELOAD: "+
			"%s",
			now.Version, about.key))
	}
	for _, d := range c.Restart {
		w.note(ofDifference(noteRestart, d, x.console.ID),
			fmt.Sprintf("%s: %s is %s there and %s in %s: a RELOAD leaves it alone, and a restart would change "+
				"it",
				subject(d), d.Key, d.File, d.Now, x.console.ID))
	}
}

// name returns a name for a text: as it is, or in quotes.
func name(text string) string {
	quoted := fmt.Sprintf("%q", text)
	if strings.ContainsRune(text, ' ') || quoted != `"`+text+`"` {
		return quoted
	}
	return text
}
