package live

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// storeTimeout bounds one read or write of a file. chosen: a login through ssh over a slow line takes a few seconds.
const storeTimeout = 30 * time.Second

// StoreCall gives one command of a store its time.
func StoreCall(ctx context.Context) (context.Context, context.CancelFunc) {
	return limited(ctx, storeTimeout)
}

// Store reads and writes the configuration files of a process. Write replaces a file as a whole where its bytes are
// still old, and leaves it alone where they are new already.
type Store interface {
	Read(ctx context.Context, path string) ([]byte, error)
	Write(ctx context.Context, path string, old, data []byte) error
}

// Config is where the files of one process are.
type Config struct {
	Process string // "main/1"
	Path    string // of its pgbouncer.ini, as the store knows it; empty: SHOW CONFIG's conffile
	Store   Store
}

// bounded gives a store's calls their time, and asks it for what not every store can.
type bounded struct {
	Store
	files *files
}

// bounded gives the stores of configs their time, and each file one call at a time.
func (f *Fleet) bounded(configs []Config) []Config {
	out := slices.Clone(configs)
	for i := range out {
		out[i].Store = bounded{out[i].Store, &f.locks}
	}
	return out
}

// files are those that are written, each by one call at a time: processes may share one.
type files struct{ writing sync.Map } // store and path to *sync.RWMutex

// of is held to read or to write the file.
func (f *files) of(s Store, path string) *sync.RWMutex {
	m, _ := f.writing.LoadOrStore(fmt.Sprint(struct{ Store }{s}, path), &sync.RWMutex{}) // a store of slices is no key
	return m.(*sync.RWMutex)
}

// Read reads within storeTimeout.
func (b bounded) Read(ctx context.Context, path string) ([]byte, error) {
	file := b.files.of(b.Store, path)
	file.RLock()
	defer file.RUnlock()
	ctx, cancel := limited(ctx, storeTimeout)
	defer cancel()
	return b.Store.Read(ctx, path)
}

// Write writes within three times storeTimeout: it may read before and after. A store that has to give a file its old
// bytes again takes the time for that from StoreCall.
func (b bounded) Write(ctx context.Context, path string, old, data []byte) error {
	file := b.files.of(b.Store, path)
	file.Lock()
	defer file.Unlock()
	ctx, cancel := limited(ctx, 3*storeTimeout)
	defer cancel()
	return b.Store.Write(ctx, path, old, data)
}

// IsCopy asks the store whether a path leads to a copy of another file; not where it cannot tell.
func (b bounded) IsCopy(path, of string) bool {
	s, ok := b.Store.(interface{ IsCopy(path, of string) bool })
	return ok && s.IsCopy(path, of)
}

// IsAnother asks the store whether a path leads to another file than of does; not where it cannot tell.
func (b bounded) IsAnother(path, of string) bool {
	s, ok := b.Store.(interface{ IsAnother(path, of string) bool })
	return ok && s.IsAnother(path, of)
}

// Managed asks a store that knows who keeps its files.
func (b bounded) Managed(path string) (why string) {
	if s, ok := b.Store.(interface{ Managed(path string) string }); ok {
		return s.Managed(path)
	}
	return ""
}

// Try asks a store that can tell, without touching the file, whether it can be written.
func (b bounded) Try(ctx context.Context, path string, data []byte) error {
	s, ok := b.Store.(interface {
		Try(ctx context.Context, path string, data []byte) error
	})
	if !ok {
		return nil
	}
	ctx, cancel := limited(ctx, storeTimeout)
	defer cancel()
	return s.Try(ctx, path, data)
}

// keeper is a store that keeps the bytes that a file had before it was written.
type keeper interface {
	Settled(path string) error // they are wanted no longer
	Saved(path string) string  // where they are; empty: nowhere
}

// settle tells the store that the process has what these files say. Old bytes that cannot be removed harm nobody: the
// next write of the file takes their place.
func (x hand) settle(paths []string) {
	s, ok := x.config.Store.(bounded).Store.(keeper)
	if !ok {
		return
	}
	for _, path := range paths {
		file := x.all.files.of(x.config.Store.(bounded).Store, path)
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
func (x hand) saved(edits []ini.Edited) string {
	s, ok := x.config.Store.(bounded).Store.(keeper)
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

// load reads the process's file and all that it includes.
func load(ctx context.Context, console *console, config Config, now inForce) (ini.Config, error) {
	return ini.Load(func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			return nil, fail(operr.KindUsage, name, "write config: with the absolute path of the file, and absolute paths behind %include",
				"it is relative to the folder that %s was started in, which nobody can tell", console.id)
		}
		return config.Store.Read(ctx, name)
	}, cmp.Or(config.Path, now.conffile), now.version, now.keys...)
}
