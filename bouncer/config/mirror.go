package config

import (
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"
)

// Mirror is a second place for each line of the journal: a file, or a command that is given it.
type Mirror struct {
	Path string
	Argv []string
	bad  string
}

var _ yaml.InterfaceUnmarshaler = (*Mirror)(nil)

// DefaultMirrorTimeout is the time that the command has for a line. chosen: as a hook, a call over the network and a
// retry.
const DefaultMirrorTimeout = 10 * time.Second

// UnmarshalYAML reads a path, or a command as a list. It never fails: what is wrong is kept for Check.
func (m *Mirror) UnmarshalYAML(unmarshal func(any) error) error {
	*m = Mirror{}
	if unmarshal(&m.Argv) == nil {
		if len(m.Argv) == 0 {
			m.bad = "is a list without a command, want a path, or a command and its arguments"
		}
		return nil
	}
	if m.Path, m.bad = Text(unmarshal); m.bad == "" && m.Path == "" {
		m.bad = "is empty, want a path, or a command as a list"
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
	is := len(m.Argv) > 0 || m.Path != "" || m.bad != ""
	switch {
	case m.bad != "":
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
