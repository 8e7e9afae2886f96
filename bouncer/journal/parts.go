package journal

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/planner/state"
)

// part is one journal of several that a command was given one after the other: lines of the one before it, and then its
// own. A host was lost, say, and its journal begun anew, or put back from a backup that is older than its mirror.
type part struct {
	before *part // nil: it is the first of all
	upto   int   // so many lines it has of that one; 0: it begins anew
	again  int   // so many of its own are those that come then there, given again
	own    []mark
	newest []byte // event
}

// mark is a line by which it is known again.
type mark struct {
	line int
	seq  int64 // of the newest event by then
	sum  uint32
}

func (p *part) size() int { return p.upto + len(p.own) }

func (p *part) at(i int) mark {
	for i < p.upto {
		p = p.before
	}
	return p.own[i-p.upto]
}

func (p *part) last() mark { return p.own[len(p.own)-1] }

// add adds a line of its own.
func (p *part) add(m mark) {
	n := p.size()
	if p.before != nil && p.again == len(p.own) && n < p.before.size() && p.before.at(n).sum == m.sum {
		p.again++
	}
	p.own = append(p.own, m)
}

// has reports whether all lines of another part are among those of p.
func (p *part) has(q *part) bool {
	i := q.size() - 1
	for q.before != nil && i < q.upto+q.again {
		q = q.before
	}
	n := p.size()
	for ; p != nil && p != q; p = p.before {
		n = min(n, p.upto+p.again)
	}
	return p != nil && i < n
}

// spans are the lines of the file that the first n of a part are, from one to another.
func (p *part) spans(n int) [][2]int {
	for n <= p.upto {
		p = p.before
	}
	var out [][2]int
	if p.upto > 0 {
		out = p.before.spans(p.upto)
	}
	return append(out, [2]int{p.own[0].line, p.own[n-p.upto-1].line})
}

// parts are those of what a command was given, in the order in which they begin.
type parts struct {
	all       []*part
	snapshots map[uint32]bool
}

// fate is what becomes of a line.
type fate int

const (
	follows fate = iota // the line before, or is that one again
	parted              // from the line before: another part begins with it
	strange             // it is no line of any
)

// find returns the part of its own lines of which one was given before, and the number of that line.
func (p *parts) find(sum uint32) (*part, int) {
	for i := len(p.all) - 1; i >= 0; i-- {
		q := p.all[i]
		for j := len(q.own) - 1; j >= 0; j-- {
			if q.own[j].sum == sum {
				return q, q.upto + j
			}
		}
	}
	return nil, 0
}

// add takes a line that was checked.
func (p *parts) add(text []byte, line int) fate {
	m := mark{line: line, sum: crc32.Checksum(text, castagnoli)}
	if bytes.Equal(text, headerLine[:len(headerLine)-1]) {
		if len(p.all) == 0 {
			p.all = append(p.all, &part{own: []mark{m}})
			return follows
		}
		return p.begin(p.all[0], 0, m, nil)
	}
	now := p.all[len(p.all)-1]
	last, snapshot := now.last(), bytes.HasPrefix(text, []byte(snapshotMark))
	m.seq = last.seq
	if !snapshot {
		m.seq = int64(numberAfter(eventMark, text))
	}
	switch {
	case m.sum == last.sum:
		return follows
	case snapshot && p.snapshots[m.sum] && numberAfter(snapshotMark, text) != state.JournalStateVersion:
		return follows // what it says is not known here; the next event tells
	case snapshot && !p.snapshots[m.sum]:
		if p.snapshots == nil {
			p.snapshots = map[uint32]bool{}
		}
		p.snapshots[m.sum] = true
		now.add(m)
		return follows
	case !snapshot && m.seq == last.seq+1:
		now.add(m)
		now.newest = append(now.newest[:0], text...)
		return follows
	}
	before, n := p.find(m.sum)
	if snapshot && before != nil && before.at(n).seq == last.seq { // what the same events come to
		now.add(m)
		return follows
	}
	if before == nil && m.seq > 0 && m.seq <= last.seq { // another event of that number: what is before it may be the same
		for before, n = now, 1; before.at(n).seq < m.seq; {
			n++
		}
	}
	if before == nil {
		return strange
	}
	m.seq = before.at(n).seq
	return p.begin(before, n, m, bytes.Clone(text))
}

// begin begins another part with a line.
func (p *parts) begin(before *part, upto int, m mark, text []byte) fate {
	q := &part{before: before, upto: upto, newest: text}
	q.add(m)
	p.all = append(p.all, q)
	return parted
}

// drop takes back the newest part: its line follows, though it seemed to begin a part.
func (p *parts) drop() { p.all = p.all[:len(p.all)-1] }

// whole are the parts that no other one has all lines of.
func (p *parts) whole() (out []*part) {
	dropped := map[*part]bool{}
	for _, q := range p.all {
		for _, by := range p.all {
			dropped[q] = dropped[q] || by != q && !dropped[by] && by.has(q)
		}
		if !dropped[q] {
			out = append(out, q)
		}
	}
	return out
}

// command is what a person types to import a part of a file.
func (p *parts) command(q *part, name string) string {
	spans := q.spans(q.size())
	end := &spans[len(spans)-1]
	if spans[0][0] == p.all[0].own[0].line {
		spans[0][0] = 1 // what may stand before the first line of all came in part
	}
	if q == p.all[len(p.all)-1] {
		end[1] = 0 // to the end
	}
	switch {
	case len(spans) == 1 && end[1] == 0:
		return taking(fmt.Sprintf("tail -n +%d %s", end[0], shellName(name)))
	case len(spans) == 1 && end[0] == 1:
		return taking(fmt.Sprintf("head -n %d %s", end[1], shellName(name)))
	}
	var of []string
	for _, s := range spans {
		to := fmt.Sprint(s[1])
		if s[1] == 0 {
			to = "$"
		}
		of = append(of, fmt.Sprintf("%d,%sp", s[0], to))
	}
	return taking(fmt.Sprintf("sed -n '%s' %s", strings.Join(of, ";"), shellName(name)))
}

func taking(command string) string { return command + " | pgbudget journal import -" }

// shellName is the name of a file as a shell takes it.
func shellName(name string) string {
	switch {
	case name == "-":
		return "FILE"
	case strings.HasPrefix(name, "-"):
		name = "./" + name
	}
	return command.Line(name)
}
