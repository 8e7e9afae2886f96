package ini_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// FuzzEdit edits whatever can be loaded, the text being the main file and second what it includes as a.ini. What is
// edited differs from what was there in the number alone, loads as it did but for the size, and edited back is what was
// there.
func FuzzEdit(f *testing.F) {
	for _, t := range traps {
		f.Add([]byte(t.text), []byte(t.files["a.ini"]), "d1", false, 7, uint8(24))
		f.Add([]byte(t.text), []byte(t.files["a.ini"]), "*", true, 3, uint8(18))
	}
	for _, e := range edits {
		for _, x := range e.changes {
			f.Add([]byte(e.text), []byte(e.files["a.ini"]), x.Alias, x.Key == fleet.KeyReserve, x.To, uint8(25))
		}
	}
	f.Add([]byte(secrets), []byte(nil), "d3", false, 100, uint8(22))
	f.Fuzz(func(t *testing.T, text, second []byte, alias string, ofReserve bool, to int, version uint8) {
		read := func(path string) ([]byte, error) {
			switch path {
			case "main.ini":
				return text, nil
			case "@a.ini", "a.ini":
				return second, nil
			}
			return nil, errors.New("none")
		}
		name := []string{"1.8", "1.18", "1.22", "1.23", "1.24", "1.25"}[version%6]
		c, err := ini.Load(read, "main.ini", name)
		if err != nil {
			return
		}
		c.Managed()
		was := c.Databases()
		i := slices.IndexFunc(was, func(d ini.Database) bool { return d.Alias == alias })
		if i < 0 {
			return
		}
		flushedAndBack(t, c, was[i], name, func(e ini.Edited) ini.Read {
			return func(path string) ([]byte, error) {
				if path == e.Path {
					return e.New, nil
				}
				return read(path)
			}
		})
		x := size(alias, was[i].SizeConns, to)
		if ofReserve {
			x = reserve(alias, was[i].ReserveConns, to)
		}
		edited, err := c.Edit(one(x))
		if err != nil {
			if operr.KindOf(err) == operr.KindUnforeseen {
				t.Fatal(err)
			}
			return
		}
		if len(edited) == 0 {
			if x.From != x.To {
				t.Fatalf("nothing was edited for %v", x)
			}
			return
		}
		if len(edited) != 1 || len(edited[0].Lines) != 1 {
			t.Fatalf("%v, want one line", edited)
		}
		e := edited[0]
		ini.Diff(e)
		if !numberAlone(e) {
			t.Fatalf("more than a number has changed:\nold %q\nnew %q", e.Old, e.New)
		}
		text, second = replaced(e, text, second)
		again, err := ini.Load(read, "main.ini", name)
		if err != nil {
			t.Fatalf("after the edit: %v\nold %q\nnew %q", err, e.Old, e.New)
		}
		sameButTheSize(t, was, again.Databases(), x)
		if !slices.Equal(c.Users(), again.Users()) && e.Lines[0].OldDigits != "" {
			t.Fatalf("users %v, and %v before", again.Users(), c.Users())
		}
		back, err := again.Edit(one(ini.Change{Alias: x.Alias, Key: x.Key, From: x.To, To: x.From}))
		if err != nil {
			if x.From >= 1 {
				t.Fatalf("back: %v", err)
			}
			return
		}
		if e.Lines[0].OldDigits != "" && !bytes.Equal(back[0].New, e.Old) {
			t.Fatalf("edited back:\ngot  %q\nwant %q", back[0].New, e.Old)
		}
	})
}

// flushedAndBack makes a line's lifetime a second, where that can be done, and wants the old bytes once it is given
// back.
func flushedAndBack(t *testing.T, c ini.Config, d ini.Database, version string, with func(ini.Edited) ini.Read) {
	t.Helper()
	before := d.LifetimeSeconds
	if before == 0 {
		before = 3600
	}
	flushed, err := c.Edit(one(ini.Change{Alias: d.Alias, Key: fleet.KeyLifetime, From: before, To: 1}))
	if before == 1 || err != nil {
		if operr.KindOf(err) == operr.KindUnforeseen && err != nil {
			t.Fatal(err)
		}
		return
	}
	again, err := ini.Load(with(flushed[0]), "main.ini", version)
	if err != nil {
		t.Fatalf("flushed: %v\nnew %q", err, flushed[0].New)
	}
	back, err := again.Edit(one(ini.Change{Alias: d.Alias, Key: fleet.KeyLifetime, From: 1, To: before}))
	if err != nil || !bytes.Equal(back[0].New, flushed[0].Old) {
		t.Fatalf("a flush and its end (%v):\ngot  %q\nwant %q", err, back, flushed[0].Old)
	}
}

func replaced(e ini.Edited, text, second []byte) ([]byte, []byte) {
	if e.Path == "main.ini" {
		return e.New, second
	}
	return text, e.New
}

// numberAlone says whether the new bytes are the old ones with digits replaced, or with one key=digits more.
func numberAlone(e ini.Edited) bool {
	line := e.Lines[0]
	candidates := []string{line.NewDigits}
	if line.OldDigits == "" {
		candidates = []string{" " + line.Key + "=" + line.NewDigits}
		if line.Alias == "*" {
			with := line.Key + " = " + line.NewDigits
			candidates = []string{with + "\n", with + "\r\n", "\n" + with}
		}
	}
	for _, with := range candidates {
		for i := 0; i+len(line.OldDigits) <= len(e.Old); i++ {
			rest, found := strings.CutPrefix(string(e.Old[i:]), line.OldDigits)
			if found && string(e.Old[:i])+with+rest == string(e.New) {
				return true
			}
		}
	}
	return false
}

func sameButTheSize(t *testing.T, was, now []ini.Database, x ini.Change) {
	t.Helper()
	if len(was) != len(now) {
		t.Fatalf("%d aliases, and %d before", len(now), len(was))
	}
	for i, want := range was {
		if want.Alias == x.Alias {
			want.Sized = now[i].Sized
			if x.Key == fleet.KeyReserve {
				want.ReserveConns = x.To
			} else {
				want.SizeConns = x.To
			}
		}
		got := now[i]
		want.Line, got.Line = 0, 0
		if got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}
