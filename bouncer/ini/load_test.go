package ini_test

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// folder is where the files of a test are, and what @ in them stands for.
const folder = "/etc/pgbouncer/"

// placed puts a folder in for @.
func placed(text, folder string) string { return strings.ReplaceAll(text, "@", folder) }

// reading reads the files of a trap, which is at main.ini, for a process that was started in folder.
func (t trap) reading() ini.Read { return reading(t.text, t.files) }

func reading(text string, files map[string]string) ini.Read {
	return func(name string) ([]byte, error) {
		if !path.IsAbs(name) {
			name = folder + name
		}
		if name == folder+"main.ini" {
			return []byte(placed(text, folder)), nil
		}
		if data, ok := files[strings.TrimPrefix(name, folder)]; ok {
			return []byte(placed(data, folder)), nil
		}
		return nil, &operr.Error{Kind: operr.KindDrift, Subject: name, Err: fs.ErrNotExist}
	}
}

// summary is what a config says, with what is as PgBouncer has it by default left out.
func summary(c ini.Config) string {
	var parts []string
	if n := c.DefaultPoolSize(); n != 20 {
		parts = append(parts, fmt.Sprintf("default %d", n))
	}
	if n := c.DefaultReserve(); n != 0 {
		parts = append(parts, fmt.Sprintf("reserve %d", n))
	}
	for _, d := range c.Databases() {
		s := fmt.Sprintf("%s %d", abbreviated(d.Alias), d.SizeConns)
		if d.Sized {
			s += "!"
		}
		add := func(name string, value any, standard any) {
			if value != standard {
				s += fmt.Sprintf(" %s=%s", name, abbreviated(fmt.Sprint(value)))
			}
		}
		add("reserve", d.ReserveConns, 0)
		add("min", d.MinConns, 0)
		add("max", d.MaxConns, 0)
		add("host", d.Host, "")
		add("port", d.Port, 5432)
		if d.Alias != "*" {
			add("dbname", d.DBName, d.Alias)
		}
		add("user", d.ForceUser, "")
		add("mode", d.PoolMode, "")
		if d.Duplicate {
			s += " again"
		}
		parts = append(parts, s)
	}
	for _, u := range c.Users() {
		parts = append(parts, fmt.Sprintf("user %s %d/%d/%d", abbreviated(u.Name), u.SizeConns, u.ReserveConns, u.MaxConns))
	}
	return strings.Join(parts, "; ")
}

func abbreviated(text string) string {
	if len(text) > 40 {
		return fmt.Sprintf("%s…%d", text[:3], len(text))
	}
	return text
}

func TestLoadReadsAsPgBouncerDoes(t *testing.T) {
	t.Parallel()
	for _, trap := range traps {
		for _, version := range []string{"1.18.0", "1.24.1"} {
			want := trap.old
			if version != "1.18.0" && trap.new != "" {
				want = strings.TrimPrefix(trap.new, "-")
			}
			c, err := ini.Load(trap.reading(), folder+"main.ini", version)
			got := ""
			if err != nil {
				got = "!" + strings.TrimPrefix(err.Error(), folder)
				if operr.KindOf(err) != operr.KindDrift || operr.HintOf(err) == "" {
					t.Errorf("%s, %s: error of kind %v with hint %q, want drift and a hint", trap.name, version, operr.KindOf(err),
						operr.HintOf(err))
				}
			} else {
				got = summary(c)
			}
			if got != want {
				t.Errorf("%s, %s:\ngot  %q\nwant %q", trap.name, version, got, want)
			}
		}
	}
}

// TestTheKeeperOfAFileSaysWhatToDo: what the store says of a file that it cannot give, such as the command that brings
// its old bytes back, is what a person is told; ours is for a store that says nothing.
func TestTheKeeperOfAFileSaysWhatToDo(t *testing.T) {
	for _, c := range []struct{ says, want string }{
		{"its old bytes come back with: put < kept", "its old bytes come back with: put < kept"},
		{"", "a relative path begins in the folder that PgBouncer was started in"},
	} {
		for _, name := range []string{folder + "main.ini", folder + "more.ini"} {
			read := func(asked string) ([]byte, error) {
				if asked == name {
					return nil, &operr.Error{Kind: operr.KindDrift, Subject: asked, Err: fs.ErrInvalid, Hint: c.says}
				}
				return []byte("[pgbouncer]\n%include " + folder + "more.ini\n"), nil
			}
			_, err := ini.Load(read, folder+"main.ini", "1.24.1")
			if hint := operr.HintOf(err); !strings.HasPrefix(hint, c.want) || strings.Count(err.Error(), name) != 1 ||
				operr.KindOf(err) != operr.KindDrift {
				t.Errorf("%s, where the store says %q: the hint is %q (%v)", name, c.says, hint, err)
			}
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	text := []byte("[pgbouncer]\n[databases]\n")
	for i := range 1000 {
		text = fmt.Appendf(text, "app%d = host=10.0.0.1 port=5432 dbname='app' password=secret pool_size=32 reserve_pool=2\n",
			i)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := ini.Load(func(string) ([]byte, error) { return text, nil }, "pgbouncer.ini", "1.24.1"); err != nil {
			b.Fatal(err)
		}
	}
}
