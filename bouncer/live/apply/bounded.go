package apply

import (
	"context"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
)

// keeper is a store that keeps the bytes that a file had before it was written.
type keeper interface {
	Settled(path string) error // they are wanted no longer
	Saved(path string) string  // where they are; empty: nowhere
}

// write gives a file its new bytes. A flush is not to stay for a disk on which nothing can be kept.
func (x processChange) write(ctx context.Context, e ini.Edited) error {
	store := x.config.Store.(observe.Bounded)
	if x.endsFlush() {
		return store.WriteAnyway(ctx, e.Path, e.Old, e.New)
	}
	return store.Write(ctx, e.Path, e.Old, e.New)
}

// settle tells the store that the process has what these files say. Old bytes that cannot be removed harm nobody: the
// next write of the file takes their place.
func (x processChange) settle(paths []string) {
	s, ok := x.config.Store.(observe.Bounded).Store.(keeper)
	if !ok {
		return
	}
	for _, path := range paths {
		file := x.all.files.Of(x.config.Store.(observe.Bounded).Store, path)
		file.Lock() // whoever writes it now wants them
		_ = s.Settled(path)
		file.Unlock()
	}
}

// paths are those of the files that are edited.
func paths(edits []ini.Edited) []string {
	var out []string
	for _, e := range edits {
		out = append(out, e.Path)
	}
	return out
}

// saved says where the old bytes of files are.
func (x processChange) saved(edits []ini.Edited) string {
	s, ok := x.config.Store.(observe.Bounded).Store.(keeper)
	if !ok {
		return ""
	}
	var at []string
	for _, e := range edits {
		if path := s.Saved(e.Path); path != "" {
			at = append(at, e.Path+" is in "+path)
		}
	}
	if len(at) == 0 {
		return ""
	}
	return ": the old " + strings.Join(at, ", ")
}
