package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
)

func TestAWindowMayBeWrittenInAnyCase(t *testing.T) {
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) // a Monday
	for _, text := range []string{"mon-FRI 01:00-05:00 utc", "Daily 01:00-05:00 Utc", "DAILY 03:00-05:00 Europe/Berlin"} {
		if w, err := control.ParseWindow(text); err != nil || !w.Contains(at) {
			t.Errorf("%s: %v, contains %v", text, err, w.Contains(at))
		}
	}
	for text, want := range map[string]string{
		"01:00-05:00 europe/berlin":     "did you mean Europe/Berlin?",
		"01:00-05:00 America/new_york":  "did you mean America/New_York?",
		"01:00-05:00 cet":               "did you mean CET?",
		"01:00-05:00 Z":                 `the time zone "Z" is not known`,
		"01:00-05:00 Local":             `the time zone "Local" is not known`,
		"01:00-05:00 local":             `the time zone "local" is not known`,
		"01:00-05:00 ../etc/passwd":     `is not known`,
		"Mon 24:00-05:00 UTC":           `"24:00" is the end of a day`,
		"24:00-00:00 UTC":               `"24:00" is the end of a day`,
		"everyday 01:00-05:00 UTC":      `"everyday" is no day of the week`,
		"Monday-Friday 01:00-05:00 UTC": `"Monday-Friday" is no day of the week`,
	} {
		if _, err := control.ParseWindow(text); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "mean Local") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestAWindowOverMidnightBelongsToTheDayItBeginsOn, which may be the end of the week.
func TestAWindowOverMidnightBelongsToTheDayItBeginsOn(t *testing.T) {
	w, err := control.ParseWindow("Sat 22:00-02:00 UTC")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"2026-03-06 23:00": false, "2026-03-07 01:00": false, // Friday's night
		"2026-03-07 21:59": false, "2026-03-07 22:00": true, "2026-03-08 00:00": true, "2026-03-08 01:59": true,
		"2026-03-08 02:00": false,
		"2026-03-08 23:00": false,
	} {
		at, err := time.Parse("2006-01-02 15:04", text)
		if err != nil || w.Contains(at) != want {
			t.Errorf("%s: %v (%v), want %v", text, w.Contains(at), err, want)
		}
	}
}

// TestAWindowGoesByTheWallClock: in Berlin the hour from 2 to 3 was left out on 29 March 2026, and was there twice on
// 25 October.
func TestAWindowGoesByTheWallClock(t *testing.T) {
	for _, c := range []struct {
		window string
		from   time.Time
		open   string // of the minutes from from on, first of one and then of the next stretch
	}{
		{"02:15-02:45 Europe/Berlin", time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC), ""},
		{"02:30-04:00 Europe/Berlin", time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC), "01:00-02:00"},
		{"02:15-02:45 Europe/Berlin", time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC), "00:15-00:45 01:15-01:45"},
		{"01:00-04:00 Europe/Berlin", time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC), "23:00-03:00"}, // four hours long
		{"02:15-02:45 Europe/Berlin", time.Date(2026, 10, 25, 23, 0, 0, 0, time.UTC), "01:15-01:45"},
	} {
		w, err := control.ParseWindow(c.window)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		was := false
		for m := range 24 * 60 {
			at := c.from.Add(time.Duration(m) * time.Minute)
			switch is := w.Contains(at); {
			case is && !was:
				got = append(got, at.Format("15:04"))
			case !is && was:
				got[len(got)-1] += "-" + at.Format("15:04")
			}
			was = w.Contains(at)
		}
		if text := strings.Join(got, " "); text != c.open {
			t.Errorf("%s from %s on: open %q, want %q (UTC)", c.window, c.from, text, c.open)
		}
	}
}

func TestARefusalSaysTheTimeOfTheWindows(t *testing.T) {
	at := time.Date(2026, 7, 5, 22, 30, 0, 0, time.UTC) // a Sunday
	for _, c := range []struct {
		windows []string
		want    string
	}{
		{nil, ""},
		{[]string{"Mon-Fri 01:00-05:00 UTC"}, "the time is Sun 22:30 UTC, outside of the windows (Mon-Fri 01:00-05:00 UTC)"},
		{[]string{"Mon-Fri 01:00-05:00 utc"}, "the time is Sun 22:30 UTC, outside of the windows (Mon-Fri 01:00-05:00 utc)"},
		{[]string{"01:00-05:00 Europe/Berlin", "Sat 07:00-08:00 Europe/Berlin"},
			"the time is Mon 00:30 Europe/Berlin, outside of the windows (01:00-05:00 Europe/Berlin; Sat 07:00-08:00 " +
				"Europe/Berlin)"},
		{[]string{"01:00-05:00 Europe/Berlin", "01:00-05:00 Asia/Tokyo"},
			"the time is Mon 00:30 Europe/Berlin, Mon 07:30 Asia/Tokyo, outside of the windows (01:00-05:00 Europe/Berlin; " +
				"01:00-05:00 Asia/Tokyo)"},
		{[]string{"01:00-05:00 Europe/Berlin", "Sun 22:00-23:00 UTC"}, ""},
	} {
		var windows []control.Window
		for _, text := range c.windows {
			w, err := control.ParseWindow(text)
			if err != nil {
				t.Fatal(err)
			}
			windows = append(windows, w)
		}
		if got := control.Closed(windows, at); got.Text() != c.want {
			t.Errorf("got  %s\nwant %s", got.Text(), c.want)
		}
	}
}
