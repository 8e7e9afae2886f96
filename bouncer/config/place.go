package config

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
)

// Place is where a console or a server answers: a DSN, and the command through which it is reached.
type Place struct {
	DSN string
	Via []string // its standard input and output are the connection; nil: a socket of this host's
	bad error
}

var _ yaml.InterfaceUnmarshaler = (*Place)(nil)

// UnmarshalYAML reads a DSN, or {dsn, via}. It never fails: what is wrong is kept for Validate.
func (p *Place) UnmarshalYAML(unmarshal func(any) error) error {
	var v any
	if unmarshal(&v) != nil {
		*p = Place{bad: errors.New("cannot be read")}
		return nil
	}
	if _, isMap := v.(map[string]any); !isMap {
		dsn, bad := Text(unmarshal)
		*p = Place{DSN: dsn, bad: bad}
		return nil
	}
	if bad := unknownOf(unmarshal, "a DSN, or {dsn, via}", "dsn", "via"); bad != nil {
		*p = Place{bad: bad}
		return nil
	}
	var x struct {
		DSN string   `yaml:"dsn"`
		Via []string `yaml:"via"`
	}
	if unmarshal(&x) != nil {
		*p = Place{bad: errors.New("is neither a DSN nor {dsn, via} with a command as a list")}
		return nil
	}
	*p = Place{DSN: x.DSN, Via: x.Via}
	if x.DSN == "" {
		p.bad = errors.New("needs dsn: beside via")
	}
	return nil
}

// Empty reports whether nothing is given, and nothing wrong either.
func (p Place) Empty() bool { return p.DSN == "" && p.bad == nil }

// place checks a place that is given.
func (k *Checker) place(path string, p Place) {
	if p.bad != nil {
		k.Fault(path, "%s", p.bad)
		return
	}
	k.command(path+".via", p.Via)
	k.filled(path+".via", p.Via, "Address", "Host", "Port")
}

// Store is where a process's pgbouncer.ini is read and written: a file of this host, or commands.
type Store struct {
	Path   string   // of the file, as PgBouncer knows it
	Folder string   // that PgBouncer was started in: a relative path behind %include begins there; empty: there is none
	Read   []string // argv whose output is the file; nil: the file of this host
	Write  []string // argv that is given the new file on its standard input
	bad    error
}

var _ yaml.InterfaceUnmarshaler = (*Store)(nil)

// UnmarshalYAML reads a path, or {path, folder, read, write}. It never fails: what is wrong is kept for Validate.
func (s *Store) UnmarshalYAML(unmarshal func(any) error) error {
	var path string
	if unmarshal(&path) == nil {
		*s = Store{Path: path}
		return nil
	}
	var v struct {
		Path   string   `yaml:"path"`
		Folder string   `yaml:"folder"`
		Read   []string `yaml:"read"`
		Write  []string `yaml:"write"`
	}
	const want = "a path, or {path, folder, read, write}"
	if bad := unknownOf(unmarshal, want, "path", "folder", "read", "write"); bad != nil {
		*s = Store{bad: bad}
		return nil
	}
	if unmarshal(&v) != nil {
		*s = Store{bad: errors.New("is neither a path nor {path, folder, read, write} with commands as lists")}
		return nil
	}
	*s = Store{Path: v.Path, Folder: v.Folder, Read: v.Read, Write: v.Write}
	return nil
}

// store checks where a process's file is; byHand: nobody writes it, and read: is enough.
func (k *Checker) store(path string, s *Store, byHand bool) {
	switch {
	case s == nil:
	case byHand && s.bad == nil && len(s.Read) > 0 && len(s.Write) == 0:
		k.command(path+".read", s.Read)
		k.filled(path+".read", s.Read, "Path")
		if given(s.Read, "Path") && s.Path == "" {
			k.Fault(path, "has {{.Path}} in read:, and no path: of the first file")
		}
	case s.bad != nil:
		k.Fault(path, "%s", s.bad)
	case s.Path == "" && (len(s.Read) == 0 || len(s.Write) == 0):
		k.Fault(path, "needs a path, or both read: and write:")
	case (len(s.Read) == 0) != (len(s.Write) == 0):
		k.Fault(path, "has one of read: and write:, and needs both")
	case s.Path != "" && len(s.Read) == 0 && !strings.HasPrefix(s.Path, "/"):
		k.Fault(path, "is %q, want an absolute path, or {path, folder, read, write} with commands as lists", s.Path)
	case s.Folder != "" && !strings.HasPrefix(s.Folder, "/"):
		k.Fault(path+".folder", "is %q, want the absolute path of the folder that PgBouncer was started in", s.Folder)
	case s.Folder != "" && !strings.HasPrefix(s.Path, "/"):
		k.Fault(path+".folder", "needs the absolute path of the file beside it, in path:")
	case given(s.Read, "Path") != given(s.Write, "Path"):
		k.Fault(path, "has {{.Path}} in one of read: and write:, and needs it in both")
	case given(s.Read, "Path") && s.Path == "":
		k.Fault(path, "has {{.Path}} in its commands, and no path: of the first file")
	default:
		k.command(path+".read", s.Read)
		k.command(path+".write", s.Write)
		k.filled(path+".read", s.Read, "Path")
		k.filled(path+".write", s.Write, "Path", "Bytes", "SHA256")
	}
}
