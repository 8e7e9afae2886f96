package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAFileThatMayNotBeReadIsNamedWithItsOwner, whichever file it is, and however its error is made.
func TestAFileThatMayNotBeReadIsNamedWithItsOwner(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pgbudget.yaml")
	if err := os.WriteFile(file, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	me := nameOf(os.Geteuid())
	want := "next: " + file + " belongs to " + me + " and has mode 0640; pgbudget runs as " + me + ": run pgbudget as " +
		me
	const init = "pgbudget init writes a config from a sample"
	for _, c := range []struct {
		err  error
		want string
	}{
		{&operr.Error{Subject: file, Err: syscall.EACCES, Hint: init}, want},
		{&operr.Error{Subject: "journal", Err: &fs.PathError{Op: "open", Path: file, Err: syscall.EACCES}, Hint: init}, want},
		{&operr.Error{Subject: file, Err: syscall.ENOENT, Hint: init}, "next: " + init},
		{&operr.Error{Subject: "server main (/run/postgresql)", Err: syscall.EACCES, Hint: "check it"}, "next: check it"},
		{&operr.Error{Subject: file + "x", Err: syscall.EACCES, Hint: "choose a folder that can be written"},
			"next: choose a folder"},
		{errors.New("something"), "pgbudget: something"},
	} {
		if got := errorText(c.err); !strings.Contains(got, c.want) || c.want == want && strings.Contains(got, "init") {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
