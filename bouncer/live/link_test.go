package live

import (
	"testing"
	"time"
)

func TestABackendOverASocketNeedsMoreThanAProcessID(t *testing.T) {
	born := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	x := linkIndex{}
	x.add([]link{{pid: 214, user: "app1", opened: born}})
	for _, c := range []struct {
		name string
		b    backend
		want bool
	}{
		{"role and birth agree", backend{pid: 214, socket: true, user: "app1", started: born.Add(time.Second).UnixMicro()}, true},
		{"another role", backend{pid: 214, socket: true, user: "cron", started: born.UnixMicro()}, false},
		{"born at another time", backend{pid: 214, socket: true, user: "app1", started: born.Add(time.Hour).UnixMicro()}, false},
		{"another process", backend{pid: 215, socket: true, user: "app1", started: born.UnixMicro()}, false},
	} {
		if _, got := x.of(c.b); got != c.want {
			t.Errorf("%s: owned %v, want %v", c.name, got, c.want)
		}
	}
}
