package ini

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Bounds of a load.
const (
	maxDepth = 10   // of %include. Source: MAX_INCLUDE, cfparser.c:31
	maxOpens = 1000 // of files. chosen: 1000 because files that include each other ten deep are opened without end
)

// Names that have a meaning of their own.
const (
	autodb  = "*"
	console = "pgbouncer" // the console's database; reserved since 1.16
)

// Limits of names, in bytes. Source: MAX_DBNAME and MAX_USERNAME, bouncer.h:210 and 216 of 1.25.2,
// each with the byte that ends a name. A longer alias is refused. A longer user
// is cut off, not found again at the next RELOAD, and met when it is added a second time: "put_in_order: found existing
// elem", and the process is gone (seen on 1.18 in [users], on 1.24 in user=, too). So it is refused here everywhere.
const (
	maxAlias      = 63
	maxUser       = 127
	maxUserBefore = 63 // before 1.16
)

// Load reads the main file and all that it includes, as a RELOAD of that version ("1.24.1") does. The errors:
//
//	KindDrift  PgBouncer could not load it; the subject is the line at which it would stop
//	KindUsage  the version is none that is known
//
// and whatever read returns, with its own kind. listed are the keys that SHOW CONFIG of the process lists: with them,
// keys of a fork or of a later PgBouncer are taken for what they are.
func Load(read Read, path string, version string, listed ...string) (Config, error) {
	return LoadIn("", read, path, version, listed...)
}

// LoadIn is Load for a process whose working directory is known: a relative path behind %include begins there, and is
// absolute wherever the Config names the file. An empty folder is Load's.
func LoadIn(folder string, read Read, path string, version string, listed ...string) (Config, error) {
	m, err := minor(version)
	if err != nil {
		return Config{}, err
	}
	l := &loader{content: content{path: path, folder: folder, minor: m, listed: map[string]bool{}}, read: read,
		index: map[string]int{}, aliases: map[string]*database{}, names: map[string]*user{}}
	for _, key := range listed {
		l.listed[key] = true
	}
	if l.listed[afterNewest] {
		l.minor = max(l.minor, newest+1)
	}
	f, err := l.fetch(path)
	if err != nil {
		return Config{}, unreadable(path, "it cannot be read", err)
	}
	if err := l.run(f, 0); err != nil {
		return Config{}, err
	}
	if l.tail == nil {
		return Config{}, unloadable(Where{path, 1}, "neither the file nor its includes have a [pgbouncer] section")
	}
	return Config{func() *content { return &l.content }}, nil
}

// loader is a load in progress.
type loader struct {
	content
	read    Read
	index   map[string]int // of files, by path
	aliases map[string]*database
	names   map[string]*user
	section string
	opens   int
}

// fetch returns the number of a file, which it reads the first time. The error is what read returned.
func (l *loader) fetch(path string) (int, error) {
	if f, ok := l.index[path]; ok {
		return f, nil
	}
	data, err := l.read(path)
	if err != nil {
		return 0, err
	}
	l.index[path] = len(l.files)
	l.files = append(l.files, file{path, slices.Clone(data)})
	return len(l.files) - 1, nil
}

// run takes a file to its end. A section outlives the file that it began in.
func (l *loader) run(f, depth int) error {
	for x := newLexer(l.files[f].data, l.minor >= 25); ; {
		it, ok := x.next()
		if !ok {
			return nil
		}
		if err := l.take(f, it, depth); err != nil {
			return err
		}
	}
}

func (l *loader) take(f int, it item, depth int) error {
	at := place{f, it.line, it.value}
	where := l.where(at)
	switch it.kind {
	case sectionItem:
		return l.begin(f, it)
	case includeItem:
		return l.include(where, it.key, depth)
	case brokenItem:
		return unloadable(where, "the line is neither a [section], a key = value nor a comment")
	}
	switch l.section {
	case "pgbouncer":
		l.tail = &place{f, it.line, span{it.end, it.end}}
		return l.set(it, at)
	case "databases":
		return l.declare(it, at)
	case "users":
		return l.user(it, at)
	case "peers":
		return l.peer(it, at)
	}
	return unloadable(where, "a key stands before the first [section]")
}

func (l *loader) include(at Where, path string, depth int) error {
	if depth >= maxDepth {
		return unloadable(at, "%%include is more than %d deep", maxDepth)
	}
	if l.opens++; l.opens > maxOpens {
		return unloadable(at, "%%include opens more than %d files", maxOpens)
	}
	if l.folder != "" && !filepath.IsAbs(path) {
		path = filepath.Join(l.folder, path)
	}
	f, err := l.fetch(path)
	if err != nil {
		return unreadable(at.String(), "the file of %include cannot be read", err)
	}
	return l.run(f, depth+1)
}

// begin begins a section. Source: fill_defaults, cfparser.c:349: [pgbouncer] sets every key to its default.
func (l *loader) begin(f int, it item) error {
	switch {
	case it.key == "pgbouncer":
		l.written = slices.DeleteFunc(l.written, func(w written) bool { return !w.kept })
		l.tail = &place{f, it.line, span{it.end, it.end}}
	case it.key == "databases", it.key == "users", it.key == "peers" && l.minor >= 19:
	default:
		return unloadable(Where{l.files[f].path, it.line}, "the section [%s] is not known to PgBouncer 1.%d",
			plainName(it.key), l.minor)
	}
	l.section = it.key
	return nil
}

// set takes a line of [pgbouncer].
func (l *loader) set(it item, at place) error {
	k, ok := settings[it.key]
	if (!ok || k.since > l.minor) && !l.foreign(ofPgbouncer, it.key) {
		return unknown(l.where(at), it.key, ok, k.since, l.minor)
	}
	text := l.text(at)
	if want, ok := k.kind.takes(text, l.minor); !ok && !k.fixed {
		return unloadable(l.where(at), "the value of %s, %s, is not %s", it.key, shown(text), want)
	}
	l.written = append(l.written, written{it.key, text, at, k.kept || it.key == "tcp_defer_accept" && l.minor < 17})
	return nil
}

// declare takes a line of [databases]. Source: parse_database, loader.c:247.
func (l *loader) declare(it item, at place) error {
	where := l.where(at)
	if it.key == console && l.minor >= 16 {
		return unloadable(where, "the name %s is the console's", console)
	}
	list, ok := pairs(l.text(at))
	err := l.check(where, list, ok, ofDatabases)
	if err != nil && it.key != autodb {
		return err
	}
	if len(it.key) > maxAlias {
		return unloadable(where, "the name has %d bytes, at most %d are taken", len(it.key), maxAlias)
	}
	before := l.aliases[it.key]
	d := before
	if d == nil {
		d = &database{alias: it.key}
		l.aliases[it.key] = d
		l.bases = append(l.bases, d)
	}
	was, forced := *d, d.forced
	*d = database{alias: it.key, at: at, equal: it.equal, pairs: list, broken: err != nil, duplicate: before != nil &&
		(d.duplicate || d.at != at)}
	if d.forced = d.text("user"); d.forced == "" {
		d.forced = forced
	}
	switch {
	case before == nil:
	case it.key == autodb: // any other text closes the server connections of all who live by it
		d.torn = was.torn || l.text(was.at) != l.text(at)
	default:
		d.torn = was.torn || d.elsewhere(&was)
	}
	return nil
}

// user takes a line of [users]. Source: parse_user, loader.c:498.
func (l *loader) user(it item, at place) error {
	where := l.where(at)
	list, ok := pairs(l.text(at))
	if err := l.check(where, list, ok, ofUsers); err != nil {
		return err
	}
	if err := l.bearable(where, it.key); err != nil {
		return err
	}
	u := l.names[it.key]
	if u == nil {
		u = &user{}
		l.names[it.key] = u
		l.users = append(l.users, u)
	}
	u.User = User{Name: it.key, File: where.File, Line: where.Line, SizeConns: -1, ReserveConns: -1, MaxConns: -1}
	u.pairs, u.at = list, at
	u.Wait = (&database{pairs: list}).wait()
	for _, p := range list {
		n := max(atoi(p.value), -1)
		switch p.key {
		case "pool_size":
			u.SizeConns = n
		case "reserve_pool_size":
			u.ReserveConns = n
		case "max_user_connections":
			u.MaxConns = n
		}
	}
	return nil
}

// peer takes a line of [peers], which has nothing that a plan needs. Source: parse_peer, loader.c:172.
func (l *loader) peer(it item, at place) error {
	where := l.where(at)
	id, rest := strtol(it.key, 10)
	if rest != "" || id < 1 || id > 65535 {
		return unloadable(where, "the id of a peer is a number from 1 to 65535")
	}
	list, ok := pairs(l.text(at))
	if err := l.check(where, list, ok, ofPeers); err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(p pair) bool { return p.key == "host" }) {
		return unloadable(where, "a peer needs host=")
	}
	x := &database{alias: fmt.Sprint(id), at: at, pairs: list}
	if i := slices.IndexFunc(l.peers, func(p *database) bool { return p.alias == x.alias }); i >= 0 {
		l.peers[i] = x
	} else {
		l.peers = append(l.peers, x)
	}
	return nil
}

func (l *loader) text(p place) string { return string(l.files[p.file].data[p.from:p.to]) }

// unreadable is the error for what read returned, of its kind where it has one. Whoever keeps the file knows better
// what to do next than we do: a write that was cut short is put back by a command that it names.
func unreadable(subject, what string, err error) error {
	kind, hint := operr.KindDrift, operr.HintOf(err)
	if e, ok := errors.AsType[*operr.Error](err); ok {
		if kind = e.Kind; e.Subject == subject { // it stands there already
			err = e.Err
		}
	}
	return &operr.Error{Kind: kind, Subject: subject, Err: fmt.Errorf("%s: %w", what, err),
		Hint: cmp.Or(hint, "a relative path begins in the folder that PgBouncer was started in; "+
			"a file that cannot be read stops its load")}
}

// plainName returns a name for an error text where it can be nothing else.
func plainName(name string) string {
	if harmless.MatchString(name) {
		return name
	}
	return "…"
}
