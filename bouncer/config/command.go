package config

import (
	"errors"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"

	"github.com/pgbudget/pgbudget/bouncer/spelling"
)

// command checks the words of a command, where there are any.
func (k *Checker) command(path string, argv []string) {
	switch {
	case len(argv) == 0:
	case argv[0] == "":
		k.Fault(path, "begins with an empty word, want a command and its arguments")
	case manyWords(argv[0]):
		rest := ""
		if len(argv) > 1 {
			rest = ", …"
		}
		k.Fault(path, "begins with the one word %q: write %s where it is a command and its arguments",
			argv[0], asList(argv[0], rest))
	}
}

var toFill = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

// filled refuses words that are nearly one of the names that are filled in. Any others are another program's.
func (k *Checker) filled(path string, argv []string, names ...string) {
	for _, word := range argv {
		for _, m := range toFill.FindAllStringSubmatch(word, -1) {
			for _, name := range names {
				if m[0] != "{{."+name+"}}" && (strings.EqualFold(m[1], name) || spelling.Suggestion(m[1], []string{name}) != "") {
					k.Fault(path, "has the word %q, did you mean {{.%s}}? {{.%s}} stand for what is filled in", m[0], name,
						strings.Join(names, "}}, {{."))
				}
			}
		}
	}
}

// given reports whether a name is filled in in a command.
func given(argv []string, name string) bool {
	return slices.ContainsFunc(argv, func(word string) bool { return strings.Contains(word, "{{."+name+"}}") })
}

// manyWords reports whether a text is rather a line of words than the path of a file: it has blanks, and does not begin
// as paths do.
func manyWords(text string) bool {
	for _, begin := range []string{"/", "./", "../"} {
		if strings.HasPrefix(text, begin) {
			return false
		}
	}
	return strings.ContainsFunc(strings.TrimSpace(text), unicode.IsSpace)
}

// asList writes a line of words as YAML's list.
func asList(line, rest string) string {
	return "[" + strings.Join(strings.Fields(line), ", ") + rest + "]"
}

// Hooks are commands (argv) that run when a run does something; nil: none. Timeout bounds each of them.
type Hooks struct {
	OnStep   []string `yaml:"on_step"`
	OnHold   []string `yaml:"on_hold"`
	OnResume []string `yaml:"on_resume"`
	OnAbort  []string `yaml:"on_abort"`
	OnDone   []string `yaml:"on_done"`
	Timeout  Dur      `yaml:"timeout"`
}

// DefaultHookTimeout is the time that a hook has. chosen: 10 s because that is a call over the network
// and a retry.
const DefaultHookTimeout = 10 * time.Second

// Argv returns the commands by the name of what they are run on, without "on_".
func (h Hooks) Argv() map[string][]string {
	out := map[string][]string{}
	for name, argv := range map[string][]string{"step": h.OnStep, "hold": h.OnHold, "resume": h.OnResume,
		"abort": h.OnAbort, "done": h.OnDone} {
		if len(argv) > 0 {
			out[name] = argv
		}
	}
	return out
}

// Within returns the time that each has.
func (h Hooks) Within() time.Duration {
	if h.Timeout.OK() {
		return h.Timeout.D
	}
	return DefaultHookTimeout
}

func (k *Checker) hooks(h Hooks) {
	all := h.Argv()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		k.command("hooks.on_"+name, all[name])
	}
	switch {
	case h.Timeout.Set && !h.Timeout.OK():
		k.Fault("hooks.timeout", "%s", h.Timeout.bad)
	case h.Timeout.Set && (h.Timeout.D < 100*time.Millisecond || h.Timeout.D > 10*time.Minute):
		k.Fault("hooks.timeout", "is %s, want 100ms to 10m", h.Timeout.D)
	}
}

// Mirror is a second place for each line of the journal: a file, or a command that is given it.
type Mirror struct {
	Path string   // a file; empty: Argv, or no mirror
	Argv []string // a command that reads lines on its standard input; nil: Path
	bad  error
}

var _ yaml.InterfaceUnmarshaler = (*Mirror)(nil)

// DefaultMirrorTimeout is the time that the command has for a line. chosen: 10 s because that is, as of a hook,
// a call over the network and a retry.
const DefaultMirrorTimeout = 10 * time.Second

// UnmarshalYAML reads a path, or a command as a list. It never fails: what is wrong is kept for Check.
func (m *Mirror) UnmarshalYAML(unmarshal func(any) error) error {
	*m = Mirror{}
	if unmarshal(&m.Argv) == nil {
		if len(m.Argv) == 0 {
			m.bad = errors.New("is a list without a command, want a path, or a command and its arguments")
		}
		return nil
	}
	if m.Path, m.bad = Text(unmarshal); m.bad == nil && m.Path == "" {
		m.bad = errors.New("is empty, want a path, or a command as a list")
	}
	return nil
}

// MirrorWithin returns the time that the command has for a line.
func (f File) MirrorWithin() time.Duration {
	if f.MirrorTimeout.OK() {
		return f.MirrorTimeout.D
	}
	return DefaultMirrorTimeout
}

func (k *Checker) mirror(f *File) {
	m := f.Mirror
	is := len(m.Argv) > 0 || m.Path != "" || m.bad != nil
	switch {
	case m.bad != nil:
		k.Fault("mirror", "%s", m.bad)
	case manyWords(m.Path):
		k.Fault("mirror", "is %q: want a list for a command, %s, or ./%s for a file",
			m.Path, asList(m.Path, ""), m.Path)
	case is && f.Journal == "":
		k.Fault("mirror", "has no journal: beside it to be the mirror of")
	case is && m.Path != "" && filepath.Clean(m.Path) == filepath.Clean(f.Journal):
		k.Fault("mirror", "is the journal itself, want a file on another disk")
	}
	k.command("mirror", m.Argv)
	switch d := f.MirrorTimeout; {
	case d.Set && !d.OK():
		k.Fault("mirror_timeout", "%s", d.bad)
	case d.Set && len(m.Argv) == 0:
		k.Fault("mirror_timeout", "is the time of a command, and mirror: names none")
	case d.Set && (d.D < 100*time.Millisecond || d.D > 10*time.Minute):
		k.Fault("mirror_timeout", "is %s, want 100ms to 10m", d.D)
	}
}
