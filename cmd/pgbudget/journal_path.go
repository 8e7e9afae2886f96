package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// oneJournal makes sure that a fleet has one journal by whatever name its config is known, and one file of a pause
// beside it. A journal that is a symbolic link is what it leads to. A config that is one, into another folder, leads to
// another relative journal by each of its two names: that is refused.
func oneJournal(name string, data []byte, c *config.Config) error {
	real, err := filepath.EvalSymlinks(name)
	if err != nil { // it is no file that could be linked to
		real = name
	}
	if other, err := config.Parse(real, data, os.LookupEnv); err == nil && !sameFolder(name, real) {
		for _, x := range []struct{ key, here, there string }{
			{"journal", c.Journal, other.Journal}, {"mirror", c.Mirror.Path, other.Mirror.Path},
		} {
			if x.here != x.there {
				return &operr.Error{Kind: operr.KindUsage, Subject: name,
					Err: fmt.Errorf("the config is a symbolic link to %s, and its %s: is relative: by one name this means %s, by "+
						"the other %s",
						real, x.key, x.here, x.there),
					Hint: "write the whole path of " + x.key + ":, or name the config by its real path"}
			}
		}
	}
	c.Journal, c.Mirror.Path = linked(c.Journal), linked(c.Mirror.Path)
	return nil
}

// linked is where a path leads, also where nothing is there yet.
func linked(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil && !sameName(path, real) {
		return real
	}
	if to, err := os.Readlink(path); err == nil {
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		return to
	}
	return path
}

// sameName reports whether a path has the name that its file has: only its folders may be links.
func sameName(path, real string) bool {
	return filepath.Base(path) == filepath.Base(real) && sameFolder(path, real)
}

// sameFolder reports whether two files are in one folder, by whatever name.
func sameFolder(a, b string) bool {
	x, err := os.Stat(filepath.Dir(a))
	if err != nil {
		return filepath.Dir(a) == filepath.Dir(b)
	}
	y, err := os.Stat(filepath.Dir(b))
	return err == nil && os.SameFile(x, y)
}
