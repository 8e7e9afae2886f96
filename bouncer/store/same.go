package store

import (
	"os"
	"path/filepath"
)

// Same reports whether two paths lead to one file of this host, by links or mounts, too. Where nothing can be read at
// one of them, the paths tell, as far as links of their folders can be followed.
func (f File) Same(a, b string) bool {
	x, err := os.Stat(a)
	y, missing := os.Stat(b)
	if err == nil && missing == nil {
		return os.SameFile(x, y)
	}
	return followed(a) == followed(b)
}

// IsAnother reports whether a path leads to another file of this host than of does. Where a process lives behind a
// mount of its own, of may be any file here.
func (f File) IsAnother(path, of string) bool {
	a, err := os.Stat(path)
	b, missing := os.Stat(of)
	return err == nil && missing == nil && !os.SameFile(a, b)
}

// followed is a path without links, as far as it leads anywhere.
func followed(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return filepath.Clean(path)
}
