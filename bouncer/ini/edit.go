package ini

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Change is one size to change: a line of [databases], a key and its new value.
type Change struct {
	Alias string    // "*": default_pool_size or reserve_pool_size of [pgbouncer], which its pools follow
	Key   fleet.Key // KeySize, KeyReserve or KeyLifetime
	From  int       // what the files must say now, defaults filled in; not compared for KeyLifetime
	To    int       // at least 1; a reserve at least 0; a lifetime in seconds

	// Users are the users of the pools that live by the line, as the caller has seen them; empty: it does not know. A
	// change that none of them would feel is refused.
	Users []string
}

// Edited is one file that changes. It prints without its bytes.
type Edited struct {
	Path  string // of the file, as File.Path
	Old   []byte `json:"-"` // bytes before
	New   []byte `json:"-"` // bytes after; every byte outside of the changed numbers is that of Old
	Lines []EditedLine
}

// EditedLine is one number that changes. It holds nothing else of the line.
type EditedLine struct {
	Line      int    // 1-based, in the old bytes; of an inserted line the one before it
	Alias     string // of the change
	Key       string // as it stands in the file: pool_size, reserve_pool, reserve_pool_size, default_pool_size
	OldDigits string // "": the key was not there
	NewDigits string // the number as written now
}

// Format prints path and lines, whatever the verb: passwords stand in the bytes.
func (e Edited) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%s %v", e.Path, e.Lines) }

// maxConns bounds a size. Source: PostgreSQL's MAX_BACKENDS.
const maxConns = 262143

// maxSeconds bounds a lifetime. chosen: nine digits because an edit takes so many; they are 31 years.
const maxSeconds = 999_999_999

// Edit returns the files that change, in the order of Files. Only digits change; where a line has no such key, it is
// added at its end, and where [pgbouncer] has none, a line is added at the end of its last section. What was changed
// back is as it was, added sizes apart. Each change is checked against the files as they are now; the errors, joined
// where there are several, have the place and what to do instead:
//
//	KindDrift  the files do not say From, or have no such alias
//	KindUsage  the number is out of bounds, or the line is one that is left to a person
//
// and of KindUnforeseen where the new bytes would not load as the old ones did but for the sizes. A change whose From
// and To are the same is checked and makes no edit.
func (c Config) Edit(changes []Change) ([]Edited, error) {
	var cuts []cut
	var errs []error
	for i, x := range changes {
		err := x.check()
		if err == nil && slices.ContainsFunc(changes[:i], func(y Change) bool {
			return y.Alias == x.Alias &&
				y.Key == x.Key
		}) {
			err = refuse(x.subject(), "leave one of them out", "two changes of the same number")
		}
		if err == nil {
			var k cut
			if k, err = c.in().cut(x); err == nil && x.From != x.To {
				cuts = append(cuts, k)
			}
		}
		errs = append(errs, err)
	}
	if errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil }); len(errs) == 1 {
		return nil, errs[0]
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	out := c.in().apply(cuts)
	if err := c.in().verify(out, changes); err != nil {
		return nil, err
	}
	return out, nil
}

func (x Change) subject() string { return fmt.Sprintf("%s of %s", x.Key, x.Alias) }

// check refuses what a change may not be by itself.
func (x Change) check() error {
	least, most, next := 1, maxConns, "choose another size" // a size of 0 is one connection up to 1.23, and no limit since
	if x.Key == fleet.KeyReserve {
		least = 0
	}
	if x.Key == fleet.KeyLifetime {
		most, next = maxSeconds, "write a shorter server_lifetime"
	}
	switch {
	case x.Key != fleet.KeySize && x.Key != fleet.KeyReserve && x.Key != fleet.KeyLifetime:
		return refuse(x.subject(), "", "the key is neither %s, %s nor %s", fleet.KeySize, fleet.KeyReserve, fleet.KeyLifetime)
	case x.Key == fleet.KeyLifetime && x.From != x.To && (x.To == 1) == (x.From == 1):
		return refuse(x.subject(), "", "a lifetime is made 1 for a while, or given back")
	case x.From > most || x.Key == fleet.KeyLifetime && x.From < least: // it could not be given back
		return refuse(x.subject(), next, "%d is not from %d to %d", x.From, least, most)
	case x.To < least || x.To > most:
		return refuse(x.subject(), next, "%d is not from %d to %d", x.To, least, most)
	}
	return nil
}

// cut is one replacement.
type cut struct {
	place
	text string
	line EditedLine
}

// cut finds where a change has to be made.
func (in *content) cut(x Change) (cut, error) {
	i := slices.IndexFunc(in.bases, func(d *database) bool { return d.alias == x.Alias })
	if i < 0 {
		return cut{}, in.missing(x)
	}
	d := in.bases[i]
	at := in.where(d.at)
	if d.duplicate {
		return cut{}, fail(operr.KindUsage, at, "delete the lines that do not count",
			"%s stands on several lines, of which this is the last and counts", x.Alias)
	}
	if x.Key == fleet.KeyLifetime {
		return in.lifetime(d, x)
	}
	if err := in.shadowed(d, x); err != nil {
		return cut{}, err
	}
	if d.alias == autodb {
		return in.star(d, x)
	}
	found := slices.DeleteFunc(slices.Clone(d.pairs), func(p pair) bool {
		return !slices.Contains(spellings(x.Key),
			p.key)
	})
	if len(found) > 1 {
		return cut{}, fail(operr.KindUsage, at, "leave one of them",
			"%s of %s stands %d times on the line, of which the last counts", x.Key, x.Alias, len(found))
	}
	if len(found) == 1 {
		p := found[0]
		written := in.files[d.at.file].data[d.at.from+p.raw.from : d.at.from+p.raw.to]
		if err := plainDigits(at, p.key, string(written), atoi(p.value)); err != nil {
			return cut{}, err
		}
	}
	if now := d.conns(in, x.Key); now != x.From {
		return cut{}, drifted(at, x, now)
	}
	k := cut{place: d.at, line: EditedLine{Line: d.at.line, Alias: x.Alias, Key: string(x.Key),
		NewDigits: fmt.Sprint(x.To)}}
	if len(found) == 0 {
		if d.at.from == d.at.to { // an empty string: after the =, not after the blanks behind it
			k.from = d.equal
		} else {
			k.from = d.at.to
		}
		k.to, k.text = k.from, fmt.Sprintf(" %s=%d", x.Key, x.To)
		return k, nil
	}
	k.span, k.text = span{d.at.from + found[0].raw.from, d.at.from + found[0].raw.to}, k.line.NewDigits
	k.line.Key, k.line.OldDigits = found[0].key, found[0].value
	return k, nil
}

// apply makes the replacements.
func (in *content) apply(cuts []cut) []Edited {
	slices.SortStableFunc(cuts, func(a, b cut) int {
		return cmp.Or(cmp.Compare(a.file, b.file),
			cmp.Compare(a.from, b.from))
	})
	var out []Edited
	for len(cuts) > 0 {
		n := 1
		for n < len(cuts) && cuts[n].file == cuts[0].file {
			n++
		}
		old := in.files[cuts[0].file]
		e := Edited{Path: old.path, Old: slices.Clone(old.data)}
		var b bytes.Buffer
		at := 0
		for _, k := range cuts[:n] {
			b.Write(old.data[at:k.from])
			b.WriteString(k.text)
			at = k.to
			e.Lines = append(e.Lines, k.line)
		}
		b.Write(old.data[at:])
		e.New = b.Bytes()
		out, cuts = append(out, e), cuts[n:]
	}
	return out
}

// digits are what Edit changes: no sign, no zero at the front, nothing behind.
var digits = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)

// plainDigits refuses a number that a person would read otherwise than PgBouncer does.
func plainDigits(at Where, key, written string, means int) error {
	if digits.MatchString(written) {
		return nil
	}
	text := "it"
	if len(written) <= 8 && harmless.MatchString(written) {
		text = written
	}
	return fail(operr.KindUsage, at, fmt.Sprintf("write %s as plain digits and RELOAD", key),
		"the value of %s is not plain digits: PgBouncer takes %s for %d", key, text, means)
}

func drifted(at Where, x Change, now int) error {
	return fail(operr.KindDrift, at, "somebody else has changed the value: find out who, then run again",
		"%s of %s is %d and should be %d before it becomes %d", x.Key, x.Alias, now, x.From, x.To)
}

func refuse(subject, hint, format string, args ...any) error {
	return &operr.Error{Kind: operr.KindUsage, Subject: subject, Err: fmt.Errorf(format, args...), Hint: hint}
}
