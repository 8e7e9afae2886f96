package alerts

import (
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// comparison is one with a constant: side op level.
type comparison struct {
	whole parser.Expr
	side  parser.Expr
	op    parser.ItemType
	level parser.Expr
}

// comparisons are all of an expression that have a constant on one side.
func comparisons(e parser.Expr) (out []comparison) {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		b, is := n.(*parser.BinaryExpr)
		if !is || !b.Op.IsComparisonOperator() {
			return nil
		}
		switch {
		case constant(b.RHS) && !constant(b.LHS):
			out = append(out, comparison{b, b.LHS, b.Op, b.RHS})
		case constant(b.LHS) && !constant(b.RHS):
			out = append(out, comparison{b, b.RHS, turned(b.Op), b.LHS})
		}
		return nil
	})
	return out
}

// turned is an operator with its sides changed: 140 < x is x > 140.
func turned(op parser.ItemType) parser.ItemType {
	switch op {
	case parser.GTR:
		return parser.LSS
	case parser.GTE:
		return parser.LTE
	case parser.LSS:
		return parser.GTR
	case parser.LTE:
		return parser.GTE
	default:
		return op
	}
}

// constant reports whether an expression is a number, or arithmetic of numbers.
func constant(e parser.Expr) bool {
	is := e.Type() == parser.ValueTypeScalar
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		switch n.(type) {
		case *parser.VectorSelector, *parser.Call:
			is = false
		}
		return nil
	})
	return is
}

// reads reports whether the side reads what sizes decide.
func (c comparison) reads(sized map[string]bool) bool { return reads(c.side, sized) }

// reads reports whether an expression reads one of these metrics, or any by a pattern of names.
func reads(e parser.Expr, sized map[string]bool) (is bool) {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		v, selector := n.(*parser.VectorSelector)
		if !selector {
			return nil
		}
		for _, m := range v.LabelMatchers {
			if m.Name != model.MetricNameLabel {
				continue
			}
			for name := range sized {
				is = is || m.Matches(name) && m.Type != labels.MatchNotEqual && m.Type != labels.MatchNotRegexp
			}
		}
		return nil
	})
	return is
}
