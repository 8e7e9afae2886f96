package observe

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
)

func TestABackendOverASocketNeedsMoreThanAProcessID(t *testing.T) {
	born := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	x := linkIndex{}
	x.add([]admin.Link{{Pid: 214, User: "app1", Opened: born}})
	for _, c := range []struct {
		name string
		b    backend
		want bool
	}{
		{"role and birth agree", backend{pid: 214, socket: true, user: "app1", started: born.Add(time.Second).UnixMicro()},
			true},
		{"another role", backend{pid: 214, socket: true, user: "cron", started: born.UnixMicro()}, false},
		{"born at another time", backend{pid: 214, socket: true, user: "app1", started: born.Add(time.Hour).UnixMicro()},
			false},
		{"another process", backend{pid: 215, socket: true, user: "app1", started: born.UnixMicro()}, false},
	} {
		if _, got := x.of(c.b); got != c.want {
			t.Errorf("%s: owned %v, want %v", c.name, got, c.want)
		}
	}
}

// TestBehindAProxyOneConnectionIsKnownByAllFour: process id, role, database and birth.
func TestBehindAProxyOneConnectionIsKnownByAllFour(t *testing.T) {
	b := from(OtherHost, 100)
	b.started = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).UnixMicro()
	good := listing(from(BouncerHost, 100))
	good.Opened = time.UnixMicro(b.started)
	for _, c := range []struct {
		name   string
		change func(*admin.Link)
		want   bool
	}{
		{"all four", func(*admin.Link) {}, true},
		{"2 s apart", func(l *admin.Link) { l.Opened = l.Opened.Add(2 * time.Second) }, true},
		{"local time, 5:45 from UTC", func(l *admin.Link) {
			l.Opened, l.Local = l.Opened.Add(345*time.Minute-time.Second),
				true
		}, true},
		{"over a socket to a proxy", func(l *admin.Link) { l.End = BouncerSocket }, true},
		{"6 s apart", func(l *admin.Link) { l.Opened = l.Opened.Add(6 * time.Second) }, false},
		{"6 s apart in local time", func(l *admin.Link) { l.Opened, l.Local = l.Opened.Add(time.Hour+6*time.Second), true },
			false},
		{"no time", func(l *admin.Link) { l.Opened = time.Time{} }, false},
		{"another process", func(l *admin.Link) { l.Pid = 101 }, false},
		{"another role", func(l *admin.Link) { l.User = "dba" }, false},
		{"another database", func(l *admin.Link) { l.Database = "other" }, false},
	} {
		l := good
		c.change(&l)
		var x linkIndex
		x.add([]admin.Link{l})
		if _, got := x.of(b); got != c.want {
			t.Errorf("%s: owned %v, want %v", c.name, got, c.want)
		}
	}
	var x linkIndex // its own backend is at its own address: a like one elsewhere is somebody else's
	x.add([]admin.Link{good})
	x.claim([][]shot{{{b}}, {{from(BouncerHost, 100)}}})
	if _, got := x.of(b); got {
		t.Error("a link whose backend is at its own address was given another one")
	}
}
