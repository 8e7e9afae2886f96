package alerts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// Rule is a rule as Prometheus has loaded it.
type Rule struct {
	Group   string
	Name    string // of the alert, or of what is recorded
	Query   string
	Labels  map[string]string // that are added to what is recorded
	Records bool              // it is a recording rule
}

// Becomes says what a planned size makes of a comparison.
type Becomes string

// What becomes of a comparison, the worst first.
const (
	Always Becomes = "always true"  // it is true whatever the pools do, and was not
	Wakes  Becomes = "can be true"  // it could not be
	Blind  Becomes = "never true"   // it could be
	Moves  Becomes = "another mark" // it is true from another share of what full pools come to
)

// Finding is a comparison of an alerting rule with a constant that a planned size makes false or blind.
type Finding struct {
	Rule    string   `json:"rule"`
	Group   string   `json:"group"`
	Query   string   `json:"query"`  // the comparison
	Series  string   `json:"series"` // its labels, of the series that changes most; empty: it has none
	Of      int      `json:"of"`     // how many series change
	Level   float64  `json:"level"`  // the constant
	Today   Extent   `json:"today"`
	Planned Extent   `json:"planned"`
	Becomes Becomes  `json:"becomes"`
	Pools   []string `json:"pools"` // whose sizes change
}

// Extent is what the other side of a comparison can come to.
type Extent struct {
	Least    float64 `json:"least"`    // in the unit of the constant
	Greatest float64 `json:"greatest"` // in the unit of the constant
}

// Text is the finding in a sentence.
func (f Finding) Text() string {
	text := fmt.Sprintf("alert %s of %s, %s", f.Rule, f.Group, f.Query)
	if f.Of > 1 {
		text += fmt.Sprintf(" (%d series, %s)", f.Of, f.Series)
	} else if f.Series != "" {
		text += " (" + f.Series + ")"
	}
	full := fmt.Sprintf("full pools come to %s there, %s today", number(f.Planned.Greatest), number(f.Today.Greatest))
	switch f.Becomes {
	case Always:
		return text + ": with the planned sizes it is true whatever the pools do: " + full
	case Wakes:
		return text + ": it cannot be true today, and can with the planned sizes: " + full
	case Blind:
		return text + ": with the planned sizes it can never be true: " + full
	default:
		return text + fmt.Sprintf(": it is true from %.0f %% of full pools with the planned sizes, and from %.0f %% today: "+
			"%s", 100*f.Level/f.Planned.Greatest, 100*f.Level/f.Today.Greatest, full)
	}
}

func number(f float64) string { return fmt.Sprintf("%.4g", f) }

// mostQueryRunes bounds what a finding shows of a query. chosen: as many as fit two lines of a terminal.
const mostQueryRunes = 160

// evaluation bounds one evaluation of the engine.
const (
	evaluationTime    = 10 * time.Second // chosen: as long as a person waits for a note
	evaluationSamples = 5_000_000        // chosen: a tenth of what Prometheus allows one query
)

// Find returns what planned sizes change, sorted by rule, and the rules of which that is not known, each with its
// reason. Rules that compare nothing that sizes decide are left out. The time is that of the evaluation.
func Find(ctx context.Context, rules []Rule, source Source, f Fleet, now time.Time) (findings []Finding,
	unread []string) {
	q := question{parser: parser.NewParser(parser.Options{}), now: now}
	q.engine = promql.NewEngine(promql.EngineOpts{MaxSamples: evaluationSamples, Timeout: evaluationTime,
		EnableAtModifier: true, EnableNegativeOffset: true, Parser: q.parser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() }})
	picked := map[string][]Series{}
	for _, planned := range []bool{false, true} {
		for o := range opens {
			q.worlds = append(q.worlds, &world{source: source, fleet: f, open: o, planned: planned, picked: picked,
				recorded: map[string][]Series{}})
		}
	}
	sized, failed := q.record(ctx, rules)
	for _, r := range rules {
		if r.Records {
			continue
		}
		e, err := q.parser.ParseExpr(r.Query)
		if err != nil {
			continue // one that a newer Prometheus can read
		}
		for _, c := range comparisons(e) {
			if !c.reads(sized) {
				continue
			}
			found, err := q.judge(ctx, c)
			for name, why := range failed {
				if c.reads(map[string]bool{name: true}) {
					err = fmt.Errorf("%s: %w", name, why)
				}
			}
			if err != nil {
				unread = append(unread, fmt.Sprintf("alert %s of %s, %s: %v", r.Name, r.Group, short(c.whole), err))
				continue
			}
			if found.Becomes != "" {
				found.Rule, found.Group, found.Query, found.Pools = r.Name, r.Group, short(c.whole), f.changed()
				findings = append(findings, found)
			}
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Rule, b.Rule))
	})
	return findings, unread
}

// changed are the pools whose sizes change.
func (f Fleet) changed() (ids []string) {
	for _, p := range f.Pools {
		if p.Conns.Today != p.Conns.Planned || p.Size.Today != p.Size.Planned {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// question is one set of rules, asked of each world.
type question struct {
	parser parser.Parser
	engine *promql.Engine
	worlds []*world // today's, then the planned ones
	now    time.Time
}

// record evaluates the recording rules that read what sizes decide, those that read what others record after these. It
// returns the names of all that sizes decide, and of those the ones that could not be evaluated.
func (q question) record(ctx context.Context, rules []Rule) (sized map[string]bool, failed map[string]error) {
	sized, failed = map[string]bool{}, map[string]error{}
	for name := range metrics {
		sized[name] = true
	}
	var left []Rule
	for _, r := range rules {
		if r.Records {
			left = append(left, r)
		}
	}
	for again := true; again; {
		again = false
		var later []Rule
		for _, r := range left {
			e, err := q.parser.ParseExpr(r.Query)
			if err != nil || !reads(e, sized) && !sized[r.Name] { // another rule may record the same with other labels
				later = append(later, r)
				continue
			}
			again = true
			sized[r.Name] = true
			for _, w := range q.worlds {
				out, err := q.value(ctx, w, e)
				if err != nil {
					failed[r.Name] = err
					break
				}
				for _, s := range out {
					b := labels.NewBuilder(s.Labels)
					for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
						b.Set(name, r.Labels[name])
					}
					b.Set(model.MetricNameLabel, r.Name)
					w.recorded[r.Name] = append(w.recorded[r.Name], Series{b.Labels(), s.Value})
				}
			}
		}
		left = later
	}
	return sized, failed
}

// value evaluates an expression in a world.
func (q question) value(ctx context.Context, w *world, e parser.Expr) ([]Series, error) {
	query, err := q.engine.NewInstantQuery(ctx, w, nil, e.String(), q.now)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	res := query.Exec(ctx)
	if res.Err != nil {
		return nil, res.Err
	}
	switch v := res.Value.(type) {
	case promql.Vector:
		var out []Series
		for _, s := range v {
			out = append(out, Series{s.Metric.Copy(), s.F})
		}
		return out, nil
	case promql.Scalar:
		return []Series{{labels.EmptyLabels(), v.V}}, nil
	default:
		return nil, fmt.Errorf("is a %s", res.Value.Type())
	}
}

// judge evaluates a comparison in every world.
func (q question) judge(ctx context.Context, c comparison) (Finding, error) {
	level, err := q.value(ctx, q.worlds[0], c.level)
	if err != nil {
		return Finding{}, err
	}
	type both struct{ today, planned Extent }
	extents := map[string]*both{}
	for _, w := range q.worlds {
		out, err := q.value(ctx, w, c.side)
		if err != nil {
			return Finding{}, err
		}
		for _, s := range out {
			if math.IsNaN(s.Value) { // 0/0 of empty pools says nothing
				continue
			}
			key := s.Labels.DropReserved(func(name string) bool { return name == model.MetricNameLabel }).String()
			if extents[key] == nil {
				none := Extent{math.Inf(1), math.Inf(-1)}
				extents[key] = &both{none, none}
			}
			at := &extents[key].today
			if w.planned {
				at = &extents[key].planned
			}
			at.Least, at.Greatest = min(at.Least, s.Value), max(at.Greatest, s.Value)
		}
	}
	worst := Finding{Level: level[0].Value}
	for _, key := range slices.Sorted(maps.Keys(extents)) {
		x := extents[key]
		if b := became(c.op, worst.Level, x.today, x.planned); b != "" {
			worst.Of++
			if worst.Becomes == "" || slices.Index(order, b) < slices.Index(order, worst.Becomes) {
				worst.Becomes, worst.Today, worst.Planned = b, x.today, x.planned
				worst.Series = strings.TrimPrefix(key, "{}")
			}
		}
	}
	return worst, nil
}

// order has the worst first.
var order = []Becomes{Always, Wakes, Blind, Moves}

// became compares what a comparison could be with what it can be; empty: it is as it was.
func became(op parser.ItemType, level float64, today, planned Extent) Becomes {
	was, is := truth(op, level, today), truth(op, level, planned)
	switch {
	case was != is && is == sometimes && was == never:
		return Wakes
	case was != is && is == always:
		return Always
	case was != is && is == never:
		return Blind
	case is == sometimes && was == sometimes && (op == parser.GTR || op == parser.GTE) &&
		today.Greatest != planned.Greatest && level > 0:
		return Moves
	}
	return ""
}

// truths of a comparison over all that its side can come to.
const (
	never = iota
	sometimes
	always
)

// truth says whether a comparison is true of nothing, of some or of all of an extent.
func truth(op parser.ItemType, level float64, x Extent) int {
	if x.Least > x.Greatest { // there is no series
		return never
	}
	least, greatest := holds(op, x.Least, level), holds(op, x.Greatest, level)
	switch {
	case op == parser.EQLC && x.Least < level && level < x.Greatest:
		return sometimes
	case op == parser.NEQ && least && greatest && x.Least < level && level < x.Greatest:
		return sometimes
	case least && greatest:
		return always
	case least || greatest:
		return sometimes
	}
	return never
}

func holds(op parser.ItemType, v, level float64) bool {
	switch op {
	case parser.GTR:
		return v > level
	case parser.GTE:
		return v >= level
	case parser.LSS:
		return v < level
	case parser.LTE:
		return v <= level
	case parser.EQLC:
		return v == level
	default:
		return v != level
	}
}

// short is an expression on one line, cut where it is too long to be read.
func short(e parser.Expr) string {
	text := []rune(strings.Join(strings.Fields(e.String()), " "))
	if len(text) > mostQueryRunes {
		return string(text[:mostQueryRunes]) + "…"
	}
	return string(text)
}
