package control

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Window is a time of the week, again and again: "Mon-Fri 01:00-05:00 UTC". One whose end is not after its beginning
// lasts into the next day, and belongs to the one on which it begins. It goes by the wall clock of its zone: an hour
// that the clock leaves out in spring does not come, and one that is there twice in autumn comes twice. The zero value
// is no time at all.
type Window struct {
	Text     string  // as written
	days     [7]bool // on which it begins, by time.Weekday
	from, to time.Duration
	zone     *time.Location
}

var weekdays = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// ParseWindow reads DAYS FROM-TO ZONE: days as Mon, Mon-Fri or Sat,Sun, or daily; times as 15:04; a zone as UTC or
// Europe/Berlin. The days may be left out: every day. The zone may not: what a person leaves out is the time on his
// wall. The error says which part cannot be read, and what is wanted.
func ParseWindow(text string) (Window, error) {
	w := Window{Text: text}
	bad := func(what string) (Window, error) {
		return Window{}, fmt.Errorf("is %q: %s; want a time of the week such as \"Mon-Fri 01:00-05:00 UTC\"", text, what)
	}
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return bad("it is empty")
	}
	days := "daily"
	if !strings.Contains(fields[0], ":") {
		days, fields = fields[0], fields[1:]
	}
	if !w.setDays(days) {
		return bad(fmt.Sprintf("%q is no day of the week", days))
	}
	if len(fields) == 0 || len(fields) > 2 {
		return bad("times are missing, or too much is there")
	}
	from, to, ok := strings.Cut(fields[0], "-")
	var err1, err2 error
	w.from, err1 = clock(from)
	w.to, err2 = clock(to)
	if !ok || err1 != nil || err2 != nil || w.from == w.to {
		return bad(fmt.Sprintf("%q are no two times", fields[0]))
	}
	if w.from == endOfDay {
		return bad("\"24:00\" is the end of a day, and no window begins there")
	}
	if len(fields) == 1 {
		return bad("it has no time zone, such as UTC or Europe/Berlin")
	}
	if w.zone = zone(fields[1]); w.zone == nil {
		what := fmt.Sprintf("the time zone %q is not known", fields[1])
		for _, name := range spellings(fields[1]) {
			if zone(name) != nil {
				return bad(what + ": did you mean " + name + "?")
			}
		}
		return bad(what)
	}
	return w, nil
}

// zone finds a time zone by its name; nil: there is none. Local is whatever this host says, and no name of a place.
func zone(name string) *time.Location {
	if strings.EqualFold(name, "UTC") {
		return time.UTC
	}
	z, err := time.LoadLocation(name)
	if err != nil || strings.EqualFold(name, "Local") {
		return nil
	}
	return z
}

// spellings are how zones are spelled that have the letters of a name: America/New_York, CET.
func spellings(name string) []string {
	title, begins := []rune(strings.ToLower(name)), true
	for i, r := range title {
		if begins {
			title[i] = unicode.ToUpper(r)
		}
		begins = r == '/' || r == '_' || r == '-'
	}
	return []string{string(title), strings.ToUpper(name)}
}

// setDays reads "Mon-Fri,Sun"; a range may run over the end of the week.
func (w *Window) setDays(text string) bool {
	if strings.EqualFold(text, "daily") {
		w.days = [7]bool{true, true, true, true, true, true, true}
		return true
	}
	for _, part := range strings.Split(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		a, b := weekday(from), weekday(to)
		if !ranged {
			b = a
		}
		if a < 0 || b < 0 {
			return false
		}
		for d := a; ; d = (d + 1) % 7 {
			w.days[d] = true
			if d == b {
				break
			}
		}
	}
	return true
}

func weekday(name string) int {
	for i, d := range weekdays {
		if strings.EqualFold(d, name) {
			return i
		}
	}
	return -1
}

const endOfDay = 24 * time.Hour

// clock reads 15:04, and 24:00 as the end of the day.
func clock(text string) (time.Duration, error) {
	if text == "24:00" {
		return endOfDay, nil
	}
	t, err := time.Parse("15:04", text)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

// Contains reports whether t is in the window, by the wall clock of its zone.
func (w Window) Contains(t time.Time) bool {
	if w.zone == nil {
		return false
	}
	t = t.In(w.zone)
	at := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	today, yesterday := w.days[t.Weekday()], w.days[(t.Weekday()+6)%7]
	if w.to > w.from {
		return today && at >= w.from && at < w.to
	}
	return today && at >= w.from || yesterday && at < w.to
}

// Closed says why no step may begin at t: t is in none of the windows. Without windows it always may. The time is that
// of each zone of theirs.
func Closed(windows []Window, t time.Time) verdict.Reason {
	var texts, times []string
	for _, w := range windows {
		if w.Contains(t) {
			return verdict.Reason{}
		}
		texts = append(texts, w.Text)
		if w.zone == nil {
			continue
		}
		if now := t.In(w.zone).Format("Mon 15:04 ") + w.zone.String(); !slices.Contains(times, now) {
			times = append(times, now)
		}
	}
	if len(texts) == 0 {
		return verdict.Reason{}
	}
	return verdict.Of(verdict.WindowsClosed, "", strings.Join(times, ", "), strings.Join(texts, "; "))
}
