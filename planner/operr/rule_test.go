package operr_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestTheInnermostRuleCountsForEachJoinedError, whatever text or subject is put around it; kind and hint stay.
func TestTheInnermostRuleCountsForEachJoinedError(t *testing.T) {
	plain := errors.New("plain")
	inner := operr.By(operr.RuleWrite, &operr.Error{Kind: operr.KindDrift, Hint: "chmod", Err: errors.New("not writable")})
	around := &operr.Error{Kind: operr.KindUsage, Subject: "main/1", Err: fmt.Errorf("the edit: %w", inner)}
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"nil":              {nil, nil},
		"no rule":          {plain, []string{": plain"}},
		"one":              {operr.By(operr.RuleLogin, plain), []string{"login: plain"}},
		"none is found":    {operr.By(operr.RuleLogin, nil), nil},
		"within":           {operr.By(operr.RuleFile, inner), []string{"file-write: not writable"}},
		"a subject around": {operr.By(operr.RuleFile, around), []string{"file-write: main/1: the edit: not writable"}},
		"joined": {operr.By(operr.RuleFile, errors.Join(inner, plain, operr.By(operr.RuleDrift, plain))),
			[]string{"file-write: not writable", "file: plain", "drift: plain"}},
		"joined twice": {errors.Join(plain, operr.By(operr.RuleFile, errors.Join(plain, inner))),
			[]string{": plain", "file: plain", "file-write: not writable"}},
	} {
		var got []string
		for rule, err := range operr.Each(c.err) {
			got = append(got, string(rule)+": "+err.Error())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if err := operr.By(operr.RuleFile, inner); operr.KindOf(err) != operr.KindDrift || operr.HintOf(err) != "chmod" {
		t.Errorf("kind %d, hint %q; want those of what was found", operr.KindOf(err), operr.HintOf(err))
	}
}
