package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// storeTimeout bounds one read or write of a file. chosen: 30 s because a login through ssh over a slow line takes a
// few.
const storeTimeout = 30 * time.Second

// StoreCall gives one command of a store its time.
func StoreCall(ctx context.Context) (context.Context, context.CancelFunc) {
	return admin.Limited(ctx, storeTimeout)
}

// Config is where the files of one process are.
type Config struct {
	Process string // "main/1"
	Path    string // of its pgbouncer.ini, as the store knows it; empty: SHOW CONFIG's conffile
	Folder  string // in which the process was started, where relative paths behind %include begin; empty: nobody knows
	Store   bouncer.Store
}

// Bounded gives a store's calls their time, and asks it for what not every store can.
type Bounded struct {
	bouncer.Store
	files *Files
}

// Bounded gives the stores of configs their time, and each file one call at a time.
func (f *Fleet) Bounded(configs []Config) []Config {
	out := slices.Clone(configs)
	for i := range out {
		out[i].Store = Bounded{out[i].Store, &f.Locks}
	}
	return out
}

// Files holds a lock for each file that is read and written, by store and path: processes may share a file. The zero
// value is ready. It must not be copied.
type Files struct {
	writing sync.Map // store and path to *sync.RWMutex
}

// Of is held to read or to write the file.
func (f *Files) Of(s bouncer.Store, path string) *sync.RWMutex {
	key := fmt.Sprint(struct{ bouncer.Store }{s}, path) // a store of slices is no key
	m, _ := f.writing.LoadOrStore(key, &sync.RWMutex{})
	return m.(*sync.RWMutex)
}

// Read reads within storeTimeout. The error is the store's; a store that takes longer is ended by its context.
func (b Bounded) Read(ctx context.Context, path string) ([]byte, error) {
	file := b.files.Of(b.Store, path)
	file.RLock()
	defer file.RUnlock()
	ctx, cancel := admin.Limited(ctx, storeTimeout)
	defer cancel()
	return b.Store.Read(ctx, path)
}

// Write writes within three times storeTimeout: it may read before and after. A store that has to give a file its old
// bytes again takes the time for that from StoreCall. Errors are the store's.
func (b Bounded) Write(ctx context.Context, path string, old, data []byte) error {
	return b.write(ctx, path, old, data, b.Store.Write)
}

// WriteAnyway is Write that does not end for what the store cannot keep of the old bytes. The errors are those of
// Write.
func (b Bounded) WriteAnyway(ctx context.Context, path string, old, data []byte) error {
	type anyway interface {
		WriteAnyway(ctx context.Context, path string, old, data []byte) error
	}
	if s, ok := b.Store.(anyway); ok {
		return b.write(ctx, path, old, data, s.WriteAnyway)
	}
	return b.Write(ctx, path, old, data)
}

func (b Bounded) write(ctx context.Context, path string, old, data []byte,
	by func(context.Context, string, []byte, []byte) error) error {
	file := b.files.Of(b.Store, path)
	file.Lock()
	defer file.Unlock()
	ctx, cancel := admin.Limited(ctx, 3*storeTimeout)
	defer cancel()
	return by(ctx, path, old, data)
}

// IsCopy asks the store whether a path leads to a copy of another file; not where it cannot tell. A relative path of a
// process begins in a folder that nobody knows, and is no file of ours.
func (b Bounded) IsCopy(path, of string) bool {
	s, ok := b.Store.(interface{ IsCopy(path, of string) bool })
	return ok && filepath.IsAbs(of) && s.IsCopy(path, of)
}

// IsAnother asks the store whether a path leads to another file than of does; not where it cannot tell, as of IsCopy.
func (b Bounded) IsAnother(path, of string) bool {
	s, ok := b.Store.(interface{ IsAnother(path, of string) bool })
	return ok && filepath.IsAbs(of) && s.IsAnother(path, of)
}

// Managed asks a store that knows who else writes its files; nil: nobody, or the store cannot tell.
func (b Bounded) Managed(path string) error {
	if s, ok := b.Store.(interface{ Managed(path string) error }); ok {
		return s.Managed(path)
	}
	return nil
}

// Try asks a store that can tell, without touching the file, whether the file can be written. The error is the
// store's; nil where the store cannot tell.
func (b Bounded) Try(ctx context.Context, path string, data []byte) error {
	s, ok := b.Store.(interface {
		Try(ctx context.Context, path string, data []byte) error
	})
	if !ok {
		return nil
	}
	ctx, cancel := admin.Limited(ctx, storeTimeout)
	defer cancel()
	return s.Try(ctx, path, data)
}

// Load reads the file of the console's process and all that it includes. Errors: KindUsage for a path that is not
// absolute, or a file that was never there; those of the store and of ini.Load otherwise. The subject of an error
// about the file itself is the process.
func Load(ctx context.Context, console *admin.Console, config Config, now admin.InForce) (ini.Config, error) {
	path := cmp.Or(config.Path, now.Conffile)
	var absent error // why the file itself is not had
	file, err := ini.LoadIn(config.Folder, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			return nil, admin.Fail(operr.KindUsage, name,
				"write config: {path: …, folder: …} with the absolute path of the file, and that folder",
				"the path is relative to the folder that %s was started in, and no console shows that folder", console.ID)
		}
		data, err := config.Store.Read(ctx, name)
		if _, ok := errors.AsType[*operr.Error](err); ok && name == path {
			absent = err
		}
		return data, err
	}, path, now.Version, now.Keys...)
	if absent != nil {
		return ini.Config{}, notHad(absent, console, path, now.Conffile)
	}
	if err == nil {
		console.Filed.Store(true)
	}
	return file, err
}

// notHad is the error for a process's file that its store does not give: it names the process, and the key of the
// config, as files of several hosts have one path. A file that was never there is a wrong config; one that was, and is
// gone, is somebody's doing.
func notHad(err error, console *admin.Console, path, conffile string) error {
	kind, hint := operr.KindOf(err), operr.HintOf(err)
	if errors.Is(err, fs.ErrNotExist) && !console.Filed.Load() {
		kind, hint = operr.KindUsage, "give config: the file of the process, as this host has it"
		if filepath.IsAbs(conffile) && conffile != path {
			hint = "give config: " + conffile + ", as this host has it"
		}
	}
	return &operr.Error{Kind: kind, Subject: "config: of " + console.ID, Err: err, Hint: hint}
}
