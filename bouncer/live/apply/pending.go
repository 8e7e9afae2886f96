package apply

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"al.essio.dev/pkg/shellescape"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/spelling"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// waiting is what Applier know of changes that a RELOAD makes besides those that are asked for.
type waiting struct {
	mu       sync.Mutex
	accept   []string                  // names of ini.Difference
	met      map[string]ini.Difference // of accept, by process and name, what was seen first
	accepted map[noted]string          // sentences
	notes    map[noted]string          // sentences
}

// noted is what a note is about; one that was met before is no new one.
type noted struct {
	what          noteCode
	about, key    string // a process, or a version; the name of a difference, or an alias
	fileSays, now string // the values
}

// noteCode says which kind of note it is.
type noteCode string

// The kinds of notes.
const (
	noteAccepted    noteCode = "accepted"     // a RELOAD brings the change, and may
	notePending     noteCode = "pending"      // a RELOAD would bring the change, and none is due
	noteRestart     noteCode = "restart"      // only a restart brings the change
	noteNotCompared noteCode = "not compared" // no console of the version shows the keys
	noteOtherFile   noteCode = "other file"   // the config names another file than the process was started with
	noteFlushed     noteCode = "flushed"      // the process has the server_lifetime of a flush
	noteStrayFlush  noteCode = "stray flush"  // a line has the server_lifetime of a flush that no journal knows of
)

// ofDifference is a note about a difference in the files of a process.
func ofDifference(what noteCode, d ini.Difference, id string) noted {
	return noted{what: what, about: id, key: d.Name, fileSays: d.File, now: d.Now}
}

// takes reports whether a change is accepted: by its name, and as it was when it was seen first.
func (w *waiting) takes(d ini.Difference, id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.accept, d.Name) {
		return false
	}
	was, seen := w.met[id+" "+d.Name]
	if !seen {
		w.met[id+" "+d.Name] = d
	}
	return !seen || was.Leads(d)
}

// left are the names that no process has met.
func (w *waiting) left() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.accept), func(key string) bool {
		for _, d := range w.met {
			if d.Name == key {
				return true
			}
		}
		return false
	})
}

// note keeps the first sentence about something.
func (w *waiting) note(about noted, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := &w.notes
	if about.what == noteAccepted {
		list = &w.accepted
	}
	if *list == nil {
		*list = map[noted]string{}
	}
	if _, met := (*list)[about]; !met {
		(*list)[about] = text
	}
}

// AcceptPending lets a RELOAD change what the keys name to what the files say when they are observed first:
// "query_timeout" of [pgbouncer], "ALIAS.KEY" of a line of [databases], "users.NAME.KEY", "peers.ID.KEY"; with "line"
// for KEY, a line that is new or gone. Everything else that a RELOAD would change is refused.
func (h *Applier) AcceptPending(keys []string) {
	h.pending.accept, h.pending.met = slices.Clone(keys), map[string]ini.Difference{}
}

// Accepted says which accepted changes were found to wait for a RELOAD, in sentences, sorted.
func (h *Applier) Accepted() []string {
	h.pending.mu.Lock()
	defer h.pending.mu.Unlock()
	return slices.Sorted(maps.Values(h.pending.accepted))
}

// PendingNotes says what of the files could not be compared with what is in force, and what waits for a restart, in
// sentences, sorted.
func (h *Applier) PendingNotes() []string {
	h.pending.mu.Lock()
	defer h.pending.mu.Unlock()
	return slices.Sorted(maps.Values(h.pending.notes))
}

// Noted are the notes that a rule of pgbudget check is about: of what waits for a restart, of a config: that is another
// file, and of what waits for a RELOAD where none is due. Sentences, sorted.
func (h *Applier) Noted() map[operr.Rule][]string {
	h.pending.mu.Lock()
	defer h.pending.mu.Unlock()
	rules := map[noteCode]operr.Rule{noteRestart: operr.RuleRestart, noteOtherFile: operr.RuleConffile,
		notePending: operr.RulePending}
	out := map[operr.Rule][]string{}
	for about, text := range h.pending.notes {
		if rule := rules[about.what]; rule != "" {
			out[rule] = append(out[rule], text)
		}
	}
	for _, texts := range out {
		slices.Sort(texts)
	}
	return out
}

// CheckAccepted refuses keys of AcceptPending that no process would take from its files at a RELOAD. It asks where that
// is not known yet.
func (h *Applier) CheckAccepted(ctx context.Context) error {
	if len(h.pending.left()) == 0 {
		return nil
	}
	h.fleet.Mu.Lock()
	defer h.fleet.Mu.Unlock()
	targets := h.every()
	waits := make([][]string, len(targets))
	err := admin.Joined(admin.Together(len(targets), func(i int) error {
		now, err := targets[i].console.InForce(ctx)
		if err != nil {
			return err
		}
		file, err := observe.Load(ctx, targets[i].console, targets[i].config, now)
		if err != nil {
			return err
		}
		pending := file.Compare(now.Running).Pending
		for _, d := range pending {
			targets[i].accepts(d)
		}
		waits[i] = names(pending)
		return nil
	}))
	if keys := h.pending.left(); err == nil && len(keys) > 0 {
		hint := "leave it out, or take the name from what was refused"
		for _, key := range keys {
			if meant := spelling.Suggestion(key, slices.Concat(waits...)); meant != "" {
				hint += "; most likely " + shellescape.Quote(meant)
			}
		}
		return admin.Fail(operr.KindUsage, "--accept-pending "+strings.Join(keys, ", "), hint,
			"no RELOAD would change that: the files say what is in force, or no console shows it")
	}
	return err
}

// accepts reports whether a difference may be applied by a RELOAD, and keeps that it will be.
func (x processChange) accepts(d ini.Difference) bool {
	if raises(d) || !x.all.pending.takes(d, x.console.ID) {
		return false
	}
	x.all.pending.note(ofDifference(noteAccepted, d, x.console.ID), "accepted: "+sentence(d,
		x.console.ID)+x.consequence(d))
	return true
}

// every is all processes that have a config.
func (h *Applier) every() []processChange {
	var targets []processChange
	for _, f := range h.configs {
		if c := slices.IndexFunc(h.fleet.Consoles, func(c *admin.Console) bool { return c.ID == f.Process }); c >= 0 {
			targets = append(targets, processChange{console: h.fleet.Consoles[c], config: f, all: h})
		}
	}
	return targets
}

// pending refuses files by which a RELOAD would change anything besides our own sets: somebody's edit that waits, or a
// SET on the console that it would undo. It returns the changes that are accepted.
func (x processChange) pending(file ini.Config, now admin.InForce) (accepted []ini.Difference, err error) {
	if err := x.swapped(file, now); err != nil {
		return nil, operr.By(operr.RuleConffile, err)
	}
	w, c := &x.all.pending, file.Compare(now.Running)
	if path := cmp.Or(x.config.Path, now.Conffile); x.config.Store.(observe.Bounded).IsAnother(path, now.Conffile) {
		w.note(noted{what: noteOtherFile, about: x.console.ID},
			fmt.Sprintf("%s was started with %s, and its config: is %s, another file of this host: a RELOAD "+
				"reads what is written there only if "+
				"the process lives behind a mount of its own", x.console.ID, now.Conffile, path))
	}
	x.told(c, now)
	x.strayFlushes(file)
	var refused []ini.Difference
	for _, d := range c.Pending {
		switch {
		case ours(d, x.sets):
		case ours(d, x.before()): // an action that was cut short has written it, and it is known not to harm
			accepted = append(accepted, d)
		case d.Name == string(fleet.KeyLifetime) && !now.LinesLive() && now.Settings.Lifetime == flushed:
			w.note(ofDifference(noteFlushed, d, x.console.ID),
				fmt.Sprintf("%s: server_lifetime is %s in force, as a flush leaves it, and a RELOAD gives %s back",
					x.console.ID, d.Now, d.File))
		case x.accepts(d):
			accepted = append(accepted, d)
		case len(x.sets) == 0 && !sizing(d):
			w.note(ofDifference(notePending, d, x.console.ID), sentence(d, x.console.ID))
		default:
			refused = append(refused, d)
		}
	}
	if len(refused) == 0 {
		return accepted, nil
	}
	return nil, operr.By(operr.RulePending, x.refusal(refused))
}

// refusal is the error for what a RELOAD would change besides: the first in full, all of them by name.
func (x processChange) refusal(refused []ini.Difference) error {
	first := refused[0]
	text := change(first, x.console.ID) + x.consequence(first)
	var more, accept, not, gone []string
	for i, d := range refused {
		if goneLine(d) {
			gone = append(gone, x.console.Group+"/"+d.Of)
		}
		if raises(d) {
			not = append(not, shellescape.Quote(d.Name))
		} else {
			accept = append(accept, "--accept-pending "+shellescape.Quote(d.Name))
		}
		if i > 0 {
			more = append(more, sentence(d, x.console.ID)+x.consequence(d))
		}
	}
	if len(more) > 0 {
		text += fmt.Sprintf("; and %d more: %s", len(more), strings.Join(more, "; "))
	}
	hint := "RELOAD to apply the change, or take it back; then run again"
	if slices.ContainsFunc(refused, func(d ini.Difference) bool { return d.Of == "" }) {
		hint = "to keep what is in force, write it into [pgbouncer]; to have what the files say, RELOAD; then run again"
	}
	if len(gone) > 0 {
		back := "put the line of " + strings.Join(gone, ", ") +
			" back, or take the pool out of the config and RELOAD, which cuts its clients"
		if len(gone) < len(refused) {
			back += "; " + hint
		} else {
			back += "; then run again"
		}
		hint = back
	}
	if len(not) > 0 {
		hint += "; no step brings " + strings.Join(not, ", ")
	}
	if len(accept) > 0 {
		hint += "; or let the step's RELOAD do it: " + strings.Join(accept, " ")
	}
	for _, key := range x.all.pending.left() {
		if meant := spelling.Suggestion(key, names(refused)); meant != "" {
			hint += "; --accept-pending " + shellescape.Quote(key) + " matches nothing that waits: most likely " +
				shellescape.Quote(meant)
		}
	}
	return admin.Fail(operr.KindDrift, subject(first), hint, "%s", text)
}

// flushed is server_lifetime while a process is flushed; see state.Flush.
const flushed = time.Second

// before are the sets of actions before, on this process, of which nobody knows whether they were done, and those of a
// flush in a file that it may share.
func (x processChange) before() []fleet.SettingChange {
	x.all.mu.Lock()
	defer x.all.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(x.all.told), func(s fleet.SettingChange) bool {
		return s.Process != x.console.ID && (s.Key != fleet.KeyLifetime || s.Group() != x.console.Group)
	})
}
