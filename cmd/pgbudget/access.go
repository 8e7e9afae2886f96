package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// allowed says, of an error that a file may not be opened, whose it is and as whom to run; empty: it is no such
// error, or nothing can be seen of the file.
func allowed(err error) string {
	if !errors.Is(err, fs.ErrPermission) {
		return ""
	}
	name := ""
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		name = e.Path
	} else if e, ok := errors.AsType[*operr.Error](err); ok {
		name = e.Subject
	}
	info, err := os.Stat(name)
	for above := filepath.Dir(name); errors.Is(err, fs.ErrPermission) && above != name; above = filepath.Dir(name) {
		name = above // this folder keeps the file from being opened
		info, err = os.Stat(name)
	}
	if err != nil {
		return ""
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return ""
	}
	whose := nameOf(int(owner.Uid))
	return fmt.Sprintf("%s belongs to %s and has mode %04o; pgbudget runs as %s: run pgbudget as %s, or change the mode",
		name, whose, info.Mode().Perm(), nameOf(os.Geteuid()), whose)
}

// nameOf is the name of a user, or its number where it has none.
func nameOf(id int) string {
	if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return u.Username
	}
	return fmt.Sprintf("user %d", id)
}
