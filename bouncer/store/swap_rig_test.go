package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/bouncer/store"
)

const theirs = "[databases]\na = pool_size=4\n[pgbouncer]\nquery_timeout = 77\n"

// saves is how an editor saves: a new file, renamed over the old one.
func saves(file, text string) error {
	return errors.Join(os.WriteFile(file+".vim", []byte(text), 0o600), os.Rename(file+".vim", file))
}

// meeting is a File that lets somebody do something just before operations: the first time that each is begun.
func meeting(keep store.Keep, does map[string]func() error) store.File {
	return store.File{Keep: keep, Before: func(op string) error {
		do := does[op]
		delete(does, op)
		if do == nil {
			return nil
		}
		return do()
	}}
}

// colleague does to a file what somebody else may.
type colleague struct {
	does  func(file string) error
	holds string // the file's bytes then; empty: it has none, or is no regular file
}

// then does one thing after another.
func then(does ...func(file string) error) func(file string) error {
	return func(file string) error {
		for _, do := range does {
			if err := do(file); err != nil {
				return err
			}
		}
		return nil
	}
}

func save(text string) func(string) error {
	return func(file string) error { return saves(file, text) }
}

func write(text string) func(string) error {
	return func(file string) error { return os.WriteFile(file, []byte(text), 0) }
}

func mode(m os.FileMode) func(string) error {
	return func(file string) error { return os.Chmod(file, m) }
}

func link(to string) func(string) error {
	return func(file string) error { return os.Symlink(to, file) }
}

func away(mark string) func(string) error {
	return func(file string) error { return os.Rename(file, file+mark) }
}

var colleagues = map[string]colleague{
	"renames another over it":             {save(theirs), theirs},
	"renames one of the same size":        {save(strings.ToUpper(older)), strings.ToUpper(older)},
	"renames one with the same bytes":     {then(save(older), mode(0o600)), older},
	"renames one that nobody may read":    {then(save(theirs), mode(0)), theirs},
	"writes into it":                      {write(theirs), theirs},
	"cuts it off, to write it":            {write(""), ""},
	"changes its mode":                    {mode(0o604), older},
	"makes it a link to nothing":          {then(os.Remove, link("nowhere")), ""},
	"makes it a link to one of its bytes": {then(away(".d"), link("pgbouncer.ini.d")), older},
	"removes it":                          {os.Remove, ""},
	"moves it away":                       {away(".bak"), ""},
	"gives it an attribute": {func(file string) error {
		return unix.Setxattr(file, "user.by", []byte("them"), 0)
	}, older},
	"gives it a second name": {func(file string) error { return os.Link(file, file+".bak") }, older},
	"makes it a pipe":        {then(os.Remove, func(file string) error { return unix.Mkfifo(file, 0o640) }), ""},
	"makes it a folder":      {then(os.Remove, func(file string) error { return os.Mkdir(file, 0o700) }), ""},
}

// shown is all that is seen of a folder: what stands under its names, and the bytes.
func shown(t *testing.T, folder string) (out []string) {
	t.Helper()
	for _, name := range listed(t, folder) {
		path := filepath.Join(folder, name)
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(name, " ", info.Mode(), " ", info.Sys().(*syscall.Stat_t).Ino)
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, os.ErrPermission) {
				t.Fatal(err)
			}
			text += fmt.Sprintf(" %q", data)
			if size, err := unix.Listxattr(path, nil); err == nil {
				text += fmt.Sprint(" ", size)
			}
		}
		out = append(out, text)
	}
	return out
}

// temporary reports whether a name is one of ours, beside a file or of a record.
func temporary(name string) bool {
	return strings.Contains(name, ".pgbudget-") || strings.Contains(name, ".temp-")
}

// left is the one temporary file beside a file.
func left(t *testing.T, file string) string {
	t.Helper()
	names := slices.DeleteFunc(listed(t, filepath.Dir(file)), func(s string) bool { return !temporary(s) })
	if len(names) != 1 {
		t.Fatalf("left over: %v", names)
	}
	return filepath.Join(filepath.Dir(file), names[0])
}
