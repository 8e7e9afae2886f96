package alerts

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Fleet is what is known of the series of a fleet.
type Fleet struct {
	Pools   []Pool
	Servers []Server
}

// Pool is one pool_size line, in every process of its group.
type Pool struct {
	ID       string            // group/alias
	Alias    string            // as the label "database" of its gauges and "name" of its sizes has it
	Matchers []*labels.Matcher // of its group's exporters
	Users    int               // pools of the line in one process, at least 1
	Size     Change            // pool_size
	Conns    Change            // what each pool of the line may open: its size and its reserve
}

// Server is one PostgreSQL server.
type Server struct {
	Name      string
	Matchers  []*labels.Matcher // of its postgres_exporter
	Databases map[string]Change // what the pools that lead to a database may open, in connections
}

// Change is a number today, and as planned.
type Change struct {
	Today, Planned float64 // connections
}

// at is the number today, or as planned.
func (c Change) at(planned bool) float64 {
	if planned {
		return c.Planned
	}
	return c.Today
}

// Matchers reads label matchers, as groups[].metrics has them: job="pgbouncer",group="main". The error is the parser's.
func Matchers(text string) ([]*labels.Matcher, error) {
	return parser.NewParser(parser.Options{}).ParseMetricSelector("{" + text + "}")
}

// match reports whether labels are what each of the matchers wants.
func match(matchers []*labels.Matcher, l labels.Labels) bool {
	return !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(l.Get(m.Name)) })
}
