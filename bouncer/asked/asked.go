package asked

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func abortFile(path string) string { return path + ".abort" }
func setFile(path string) string   { return path + ".set" }

// Left is what stands beside a journal: of a run that is over, where it was looked for before the journal was locked.
// What is asked afterwards is another file, and stays.
type Left struct{ all []left }

type left struct {
	path, file, what string
	is               os.FileInfo
}

// LeftOf looks for what stands beside the journal of a path. Where that cannot be seen, Clear tries to remove it.
func LeftOf(path string) Left {
	var l Left
	for _, x := range []left{{file: abortFile(path), what: "to abort"},
		{file: setFile(path), what: "to change settings"}} {
		is, err := os.Lstat(x.file)
		if !errors.Is(err, os.ErrNotExist) {
			l.all = append(l.all, left{path, x.file, x.what, is})
		}
	}
	return l
}

// Clear removes it, unless somebody has asked anew, and says what that was, a text each. The journal is locked. The
// error is that of the file system.
func (l Left) Clear() (was []string, err error) {
	var errs []error
	for _, x := range l.all {
		if now, err := os.Lstat(x.file); err == nil && x.is != nil &&
			!(os.SameFile(x.is, now) && x.is.ModTime().Equal(now.ModTime())) {
			continue
		}
		text, unread := journal.ReadSmall(x.file)
		if w, err := read(x.path); x.file == setFile(x.path) && err == nil {
			text = []byte(w.By + " at " + stamp(w.At))
		}
		switch err := os.Remove(x.file); {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			errs = append(errs, err)
		case unread != nil:
			was = append(was, x.what)
		default:
			was = append(was, x.what+", by "+quote.Line(string(text)))
		}
	}
	return was, errors.Join(errs...)
}

// Abort asks the run that writes the journal to take its step back at once. by is who asks, as user@host.
func Abort(path, by string, at time.Time) error {
	return renameio.WriteFile(abortFile(path), []byte(fmt.Sprintf("%s at %s", by, stamp(at))), 0o644)
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// Aborted says who asked the run to take its step back; none: nobody has. A file that cannot be read asks for it, too:
// somebody has made it.
func Aborted(path string) verdict.Reason {
	text, err := journal.ReadSmall(abortFile(path))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return verdict.Reason{}
	case err != nil:
		return verdict.Of(verdict.AbortAsked, "the file "+abortFile(path))
	}
	return verdict.Of(verdict.AbortAsked, quote.Line(string(text)))
}

// wish is what the file of settings holds.
type wish struct {
	By  string          `json:"by"` // the newest who asked, as user@host
	At  time.Time       `json:"at"`
	Set config.Settings `json:"set"` // of all who asked, the newest value of each key
}

// Set asks the run that writes the journal to go on with other settings, beside those that it was asked for before.
func Set(path, by string, at time.Time, s config.Settings) error {
	now := wish{By: by, At: at, Set: config.Settings{}}
	if before, err := read(path); err == nil {
		maps.Copy(now.Set, before.Set)
	}
	maps.Copy(now.Set, s)
	b, err := json.Marshal(now)
	if err != nil {
		return err
	}
	return renameio.WriteFile(setFile(path), b, 0o644)
}

func read(path string) (w wish, err error) {
	b, err := journal.ReadSmall(setFile(path))
	if err == nil {
		err = json.Unmarshal(b, &w)
	}
	return w, err
}

// Settings is the policy with what was asked for, and what that changes, with who asked; none: nothing. A file that
// cannot be read, or holds no setting, changes nothing, and the reason is SettingsUnread: pgbudget writes no such file.
func Settings(path string, p state.Policy) (state.Policy, verdict.Reason) {
	w, err := read(path)
	if errors.Is(err, os.ErrNotExist) {
		return p, verdict.Reason{}
	}
	var changes []string
	set := p
	if err == nil {
		set, changes, err = w.Set.Over(p)
	}
	switch {
	case err != nil:
		return p, verdict.Of(verdict.SettingsUnread, setFile(path), err)
	case len(changes) == 0:
		return p, verdict.Reason{}
	}
	return set, verdict.Of(verdict.SettingsAsked, strings.Join(changes, ", "), quote.Line(w.By))
}
