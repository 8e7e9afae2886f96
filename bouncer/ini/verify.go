package ini

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// verify loads the edited files and compares: nothing but the sizes may differ. It is for what nobody has thought of;
// the error is of KindUnforeseen.
func (in *content) verify(edits []Edited, changes []Change) error {
	read := func(path string) ([]byte, error) {
		for _, e := range edits {
			if e.Path == path {
				return e.New, nil
			}
		}
		for _, f := range in.files {
			if f.path == path {
				return f.data, nil
			}
		}
		return nil, fmt.Errorf("%s was not asked for before", path)
	}
	now, err := LoadIn(in.folder, read, in.path, fmt.Sprintf("1.%d", in.minor), slices.Collect(maps.Keys(in.listed))...)
	if err != nil {
		return fmt.Errorf("the edit was not made: %w", &operr.Error{Subject: in.path, Err: err,
			Hint: "this is a defect of pgbudget: change the file by hand"})
	}
	want := in.view()
	for _, x := range changes {
		if x.Key == fleet.KeyLifetime && x.To > 1 && in.aliased(x.Alias).added() {
			x.To = 0 // it is taken out
		}
		want.change(x)
	}
	if got := now.in().view(); !got.equal(want) {
		return &operr.Error{Subject: in.path, Err: fmt.Errorf("the edit was not made: it would have changed more than sizes"),
			Hint: "this is a defect of pgbudget: change the file by hand"}
	}
	return nil
}

// view is all that a load has found, without the places.
type view struct {
	databases []Database
	strings   []string
	users     []User
	settings  []string
	defaults  map[fleet.Key]int
	files     []string
}

func (in *content) view() view {
	v := view{defaults: map[fleet.Key]int{fleet.KeySize: in.number(defaultSize),
		fleet.KeyReserve: in.number(defaultReserve)}}
	for _, d := range in.bases {
		shown := in.database(d)
		shown.Line, shown.Sized = 0, false
		v.databases = append(v.databases, shown)
		var b bytes.Buffer
		for _, p := range d.pairs {
			if p.key != string(fleet.KeySize) && p.key != string(fleet.KeyLifetime) &&
				!slices.Contains(spellings(fleet.KeyReserve), p.key) {
				fmt.Fprintf(&b, "%q=%q ", p.key, p.value)
			}
		}
		v.strings = append(v.strings, b.String())
	}
	for _, u := range in.users {
		u := u.User
		u.Line = 0
		v.users = append(v.users, u)
	}
	for _, w := range in.written {
		if w.key != defaultSize && w.key != defaultReserve {
			v.settings = append(v.settings, fmt.Sprintf("%s=%q", w.key, w.value))
		}
	}
	for _, f := range in.files {
		v.files = append(v.files, f.path)
	}
	return v
}

// change is what a change should do to a view.
func (v *view) change(x Change) {
	for i := range v.databases {
		if d := &v.databases[i]; d.Alias == x.Alias {
			switch x.Key {
			case fleet.KeyReserve:
				d.ReserveConns = x.To
			case fleet.KeyLifetime:
				d.LifetimeSeconds = x.To
			default:
				d.SizeConns = x.To
			}
		}
	}
	if x.Alias == autodb && x.Key != fleet.KeyLifetime {
		v.defaults[x.Key] = x.To
	}
}

func (v view) equal(w view) bool {
	return slices.Equal(v.databases, w.databases) && slices.Equal(v.strings, w.strings) &&
		slices.Equal(v.users, w.users) &&
		slices.Equal(v.settings, w.settings) && maps.Equal(v.defaults, w.defaults) && slices.Equal(v.files, w.files)
}
