package control_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
)

func TestAWindowContainsItsTimes(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct {
		window string
		in     []string
		out    []string
	}{
		{"Mon-Fri 01:00-05:00 UTC", []string{"2026-03-02 01:00", "2026-03-06 04:59"}, []string{"2026-03-02 00:59",
			"2026-03-02 05:00", "2026-03-07 02:00"}},
		{"23:00-02:00 UTC", []string{"2026-03-02 23:30", "2026-03-03 01:59"}, []string{"2026-03-03 02:00",
			"2026-03-02 22:59"}},
		{"Fri 22:00-06:00 UTC", []string{"2026-03-06 23:00", "2026-03-07 05:00"}, []string{"2026-03-06 05:00",
			"2026-03-07 23:00"}},
		{"Sat-Mon,Wed 00:00-24:00 UTC", []string{"2026-03-07 12:00", "2026-03-08 00:00", "2026-03-09 23:59",
			"2026-03-04 12:00"}, []string{"2026-03-10 12:00"}},
		{"daily 01:00-03:00 Europe/Berlin", []string{"2026-03-02 00:30", "2026-07-02 00:30"}, []string{"2026-03-02 02:30",
			"2026-07-02 01:30"}},
	} {
		w, err := control.ParseWindow(c.window)
		if err != nil {
			t.Errorf("%s: %v", c.window, err)
		}
		for _, text := range c.in {
			if !w.Contains(at(text)) {
				t.Errorf("%s is not in %s", text, c.window)
			}
		}
		for _, text := range c.out {
			if w.Contains(at(text)) {
				t.Errorf("%s is in %s", text, c.window)
			}
		}
	}
	for _, bad := range []string{"", "Mon", "Mon-Fry 01:00-02:00 UTC", "01:00", "01:00-01:00 UTC", "01:00-05:00",
		"Mon 01:00-05:00", "01:00-05:00 Local", "25:00-26:00 UTC", "01:00-02:00 Mars/Olympus", "Mon 1-2 UTC",
		"Mon 01:00-02:00 UTC x"} {
		if _, err := control.ParseWindow(bad); err == nil {
			t.Errorf("%q is taken for a window", bad)
		}
	}
}
