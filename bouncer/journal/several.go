package journal

import (
	"errors"
	"fmt"
	"github.com/pgbudget/pgbudget/planner/words"
	"strings"

	"github.com/pgbudget/pgbudget/planner/operr"
)

const (
	mostParts  = 100 // that are found. chosen: 100 because each line is compared with the end of every part
	partsShown = 5   // the newest of them. chosen: 5 because each part is two lines of an error
)

// several says that the command of a mirror was given more than one journal, or an older state of one and how it went
// on, and how to take each. The line that was read begins the second part.
func (s *importer) several(events int64) error {
	name, line := s.name, s.line
	what := fmt.Sprintf("another journal begins here, after event %d of the one before", events)
	if p := s.parts.all[1]; p.upto > 0 {
		comes := fmt.Sprintf("event %d comes again", p.last().seq)
		if p.again == 0 {
			comes = fmt.Sprintf("another event %d comes", p.last().seq)
		}
		what = fmt.Sprintf("%s after event %d: an older state of the journal was put back", comes, events)
	}
	for len(s.parts.all) < mostParts {
		text, err := s.next()
		if err != nil && operr.KindOf(err) == operr.KindUsage { // it cannot be read
			return err
		}
		if err != nil || s.parts.add(text, s.line) == strange { // whoever takes this part is told
			break
		}
	}
	whole, hint := s.parts.whole(), ""
	if len(whole) == 1 {
		what += ", and one part has all that the others have"
		hint = "for that part: " + s.parts.command(whole[0], name)
	} else {
		what += ": which part a rollback should use is not known"
		hint = s.each(whole)
	}
	s.line = line
	return s.drift(errors.New(what), hint)
}

// each says how to take each of the parts.
func (s *importer) each(whole []*part) string {
	var out []string
	for _, p := range whole[max(0, len(whole)-partsShown):] {
		of := fmt.Sprintf("for the one of %s", words.Count(p.last().seq, "event"))
		if p.last().seq == 1 {
			of = "for the one of 1 event"
		}
		if e, err := parseEvent(p.newest); err == nil {
			of += e.At.UTC().Format(", the newest of 2006-01-02 15:04:05 UTC")
		}
		out = append(out, of+": "+s.parts.command(p, s.name))
	}
	if more := len(whole) - partsShown; more > 0 {
		out = append(out, fmt.Sprintf("%d older ones are in it, too", more))
	}
	return strings.Join(out, "; ")
}
