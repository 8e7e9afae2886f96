package apply

import (
	"context"
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/omnibus"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Rendered is a size that waits in a file of which a tool renders the process's own: From is in force, and To is what
// the next rendering brings.
type Rendered struct {
	fleet.SettingChange
	Source string // the file in which To stands
	Comes  bool   // the whole line comes: no file of the process has it
	Goes   bool   // the whole line goes: Source does not have it
}

// Text is what waits, in a sentence.
func (r Rendered) Text() string {
	const next = "the next failover (gitlab-ctl pgb-notify) renders databases.ini anew, and "
	switch {
	case r.Comes:
		return fmt.Sprintf("%s of %s is %d in %s, and %s has no such database: "+next+"adds it", r.Key, r.Alias, r.To,
			r.Source, r.Process)
	case r.Goes:
		return fmt.Sprintf("%s is in force in %s, and %s has no such database: "+next+"drops it, with its clients", r.Alias,
			r.Process, r.Source)
	}
	return fmt.Sprintf("%s of %s is %d in %s, and %d is in force in %s: the next failover (gitlab-ctl pgb-notify) "+
		"renders databases.ini anew, and brings %d", r.Key, r.Alias, r.To, r.Source, r.From, r.Process, r.To)
}

// Rendered is every size that waits in a databases.json of GitLab's Omnibus, of the processes that have a config. A
// file in the folder of Omnibus whose databases.json cannot be read is an error; elsewhere there may be none. One that
// is there and no JSON is an error anywhere.
func (h *Applier) Rendered(ctx context.Context) ([]Rendered, error) {
	h.fleet.Mu.Lock()
	defer h.fleet.Mu.Unlock()
	targets := h.every()
	found := make([][]Rendered, len(targets))
	err := admin.Joined(admin.Together(len(targets), func(i int) (err error) {
		found[i], err = targets[i].rendered(ctx)
		return err
	}))
	return slices.Concat(found...), err
}

// rendered is what waits for one process.
func (x processChange) rendered(ctx context.Context) (out []Rendered, err error) {
	now, err := x.console.InForce(ctx)
	if err != nil {
		return nil, err
	}
	file, err := observe.Load(ctx, x.console, x.config, now)
	if err != nil {
		return nil, err
	}
	source, lines, err := x.sourceOf(ctx, file)
	if err != nil || lines == nil {
		return nil, err
	}
	for _, d := range file.Databases() {
		line, has := lines[d.Alias]
		if !has && len(lines) > 0 && d.Alias != fleet.AutoDB {
			out = append(out, Rendered{SettingChange: fleet.SettingChange{Process: x.console.ID, Alias: d.Alias,
				Key: fleet.KeySize, From: d.SizeConns}, Source: source, Goes: true})
		}
		if !has || d.Alias == fleet.AutoDB {
			continue
		}
		for key, fallback := range map[fleet.Key]int{fleet.KeySize: now.Settings.DefaultPoolConns,
			fleet.KeyReserve: now.Settings.DefaultReserveConns} {
			r := Rendered{SettingChange: fleet.SettingChange{Process: x.console.ID, Alias: d.Alias, Key: key, To: fallback},
				Source: source}
			if conns, says := line[key]; says {
				r.To = conns
			}
			at, known := now.Value(r.SettingChange)
			if r.From = at; known && r.From != r.To {
				out = append(out, r)
			}
		}
	}
	for alias, line := range lines {
		if slices.ContainsFunc(file.Databases(), func(d ini.Database) bool { return d.Alias == alias }) {
			continue
		}
		conns, says := line[fleet.KeySize]
		if !says {
			conns = now.Settings.DefaultPoolConns
		}
		out = append(out, Rendered{SettingChange: fleet.SettingChange{Process: x.console.ID, Alias: alias,
			Key: fleet.KeySize, To: conns}, Source: source, Comes: true})
	}
	slices.SortFunc(out, func(a, b Rendered) int { return fleet.CompareChanges(a.SettingChange, b.SettingChange) })
	return out, nil
}

// sourceOf reads the databases.json of which a file of the process is rendered; no lines: there is none.
func (x processChange) sourceOf(ctx context.Context, file ini.Config) (source string, lines omnibus.Lines, err error) {
	for _, path := range file.SizeFiles() {
		source, is := omnibus.Source(path)
		if !is {
			continue
		}
		text, err := x.config.Store.Read(ctx, source)
		there := err == nil
		if there {
			lines, err = omnibus.Parse(text)
		}
		switch {
		case err == nil:
			return source, lines, nil
		case there: // whatever it was made for, nobody knows what the next rendering brings
			return source, nil, admin.Fail(operr.KindEvidence, x.console.ID,
				"correct it with gitlab-ctl reconfigure; where nothing is rendered from it, give it another name",
				"%s: %w", source, err)
		case omnibus.Owns(path):
			return source, nil, admin.Fail(operr.KindEvidence, x.console.ID,
				"let pgbudget's user read it: what waits there comes with the next failover", "%s: %w", source, err)
		}
	}
	return "", nil, nil
}

// byOmnibus is the error that names the databases.json of which the files of a process are rendered; nil: there is
// none.
func (x processChange) byOmnibus(ctx context.Context, file ini.Config) error {
	source, lines, err := x.sourceOf(ctx, file)
	if lines == nil {
		return err
	}
	return fmt.Errorf("gitlab-ctl pgb-notify renders this file from %s at each failover, and would put the old size "+
		"back: apply: by-hand, with by_hand: {form: omnibus} or {form: gitlab.rb}", source)
}
