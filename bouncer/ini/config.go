package ini

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Read returns the bytes of one file as the PgBouncer process would open it. A relative path is relative to the
// process's working directory, which the caller knows.
type Read func(path string) ([]byte, error)

// Config is a pgbouncer.ini with everything it includes. It is a value: nothing changes it. It prints as its path
// alone.
type Config struct{ in func() *content }

// content is what was loaded. It stays behind a function, so that fmt does not print it from within another value.
type content struct {
	path    string
	folder  string // in which relative paths begin; empty: read knows
	minor   int
	listed  map[string]bool // keys that SHOW CONFIG of the process lists
	files   []file
	bases   []*database // in order of appearance
	users   []*user
	peers   []*database // the id in place of the alias
	written []written   // of [pgbouncer], what no later section has reset
	tail    *place      // the last item of the last [pgbouncer] section
}

// file is one file of a config.
type file struct {
	path string
	data []byte
}

// place is a range of bytes of one of the files.
type place struct {
	file int
	line int
	span
}

// written is a setting as it stands in [pgbouncer].
type written struct {
	key   string
	value string
	at    place // of the value
	kept  bool
}

// File is one file of a config. It prints without its bytes.
type File struct {
	Path  string // as it was asked for; that of an %include as it stands there
	Bytes []byte `json:"-"` // as read; not to be changed
}

// Format prints the path and the length, whatever the verb: passwords stand in the bytes.
func (f File) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%s (%d bytes)", f.Path, len(f.Bytes)) }

// Format prints the path of the main file, whatever the verb.
func (c Config) Format(s fmt.State, _ rune) {
	if c.in != nil {
		fmt.Fprint(s, c.in().path)
	}
}

// Files returns each file once, in the order in which they were opened first. The bytes are the caller's.
func (c Config) Files() []File {
	var out []File
	for _, f := range c.in().files {
		out = append(out, File{f.path, slices.Clone(f.data)})
	}
	return out
}

// Databases returns the aliases in order of appearance, "*" included. Where an alias stands on several lines, the last
// one counts.
func (c Config) Databases() []Database {
	var out []Database
	for _, d := range c.in().bases {
		out = append(out, c.in().database(d))
	}
	return out
}

// aliased returns the line of an alias; one without keys where there is none.
func (in *content) aliased(alias string) *database {
	for _, d := range in.bases {
		if d.alias == alias {
			return d
		}
	}
	return &database{}
}

// Users returns the lines of [users] in order of appearance. Where a user stands on several, the last one counts.
func (c Config) Users() []User {
	var out []User
	for _, u := range c.in().users {
		out = append(out, u.User)
	}
	return out
}

// Setting returns what the files say for a key of [pgbouncer], as it is written, and where. Every [pgbouncer] section
// resets what those before it have set, keys without a default apart; ok is false where nothing is left.
func (c Config) Setting(key string) (value string, at Where, ok bool) {
	w, ok := c.in().setting(key)
	if !ok {
		return "", Where{}, false
	}
	return w.value, c.in().where(w.at), true
}

// DefaultPoolSize is the size of a pool whose line has none, in connections.
func (c Config) DefaultPoolSize() int { return c.in().number(defaultSize) }

// DefaultReserve is the reserve of a pool whose line has none, in connections.
func (c Config) DefaultReserve() int { return c.in().number(defaultReserve) }

// DefaultMaxConns is max_db_connections of a database whose line has none; 0: no limit.
func (c Config) DefaultMaxConns() int { return c.in().number(defaultMax) }

// MaxUserConns is max_user_connections of a user whose line has none; 0: no limit.
func (c Config) MaxUserConns() int {
	w, _ := c.in().setting("max_user_connections")
	n, _ := setting(w.value)
	return max(0, n)
}

// ReserveTimeout is how long a client waits until the reserve of its pool is opened; 0: the reserve never is. Source:
// parse_time in libusual's cfparser.c, in whole microseconds.
func (c Config) ReserveTimeout() time.Duration {
	w, ok := c.in().setting("reserve_pool_timeout")
	if !ok {
		return 5 * time.Second
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.ToLower(w.value)), 64)
	if err != nil || v != v || v*1e6 > math.MaxInt64/1e3 { // hexadecimal without p, inf, nan
		return math.MaxInt64
	}
	return time.Duration(v*1e6) * time.Microsecond
}

// Keys of [pgbouncer] that lines of [databases] inherit from, and their defaults. Source: bouncer_params, main.c:261.
const (
	defaultSize    = "default_pool_size"
	defaultReserve = "reserve_pool_size"
	defaultMin     = "min_pool_size"
	defaultMax     = "max_db_connections"
)

var defaults = map[string]int{defaultSize: 20, defaultReserve: 0, defaultMin: 0, defaultMax: 0}

func (in *content) setting(key string) (written, bool) {
	for _, w := range slices.Backward(in.written) {
		if w.key == key {
			return w, true
		}
	}
	return written{}, false
}

// number returns a setting of defaults as the process holds it.
func (in *content) number(key string) int {
	if w, ok := in.setting(key); ok {
		n, _ := setting(w.value)
		return n
	}
	return defaults[key]
}

func (in *content) where(p place) Where { return Where{in.files[p.file].path, p.line} }
