package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestDiffNamesWhatRunsIsFiledAndWasWritten on a process of each PgBouncer: an edit that waits, a line that is gone, a
// line that is new, a size that the journal has otherwise. Nothing differs before.
func TestDiffNamesWhatRunsIsFiledAndWasWritten(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, checkFleet())}
	lines := func(old, by string) func(*bench, *lab.Process) func() {
		return func(b *bench, p *lab.Process) func() {
			return b.reloaded(p, false, rewrite(b.t, p.DatabasesPath, func(text string) string {
				return strings.Replace(text, old, by, 1)
			}))
		}
	}
	for name, c := range map[string]struct {
		cause func(*bench, *lab.Process) func()
		want  string // alias, key, and what runs, is filed and was written
		once  bool
	}{
		"nothing":             {cause: func(*bench, *lab.Process) func() { return func() {} }},
		"an edit that waits":  {cause: lines("pool_size=5", "pool_size=9"), want: "app pool_size 5 9 –"},
		"a reserve":           {cause: lines("pool_size=5", "pool_size=5 reserve_pool=2"), want: "app reserve_pool 0 2 –"},
		"a line that is gone": {cause: lines("app = ", "other = "), want: "app pool_size 5 – –, other pool_size – 5 –"},
		"the journal": {cause: journalled([]state.Event{{Kind: state.RunBegan, Goal: &sizing.Goal{}}},
			eventsOf(oneLine(5, 6)), []state.Event{{Kind: state.StepEnded}, {Kind: state.RunEnded, Outcome: state.Done}}),
			want: "app pool_size 5 5 6", once: true},
	} {
		for _, group := range []string{"main", "ci"} {
			if c.once && group == "ci" { // its line is main's
				continue
			}
			t.Run(name+", "+group, func(t *testing.T) {
				b.t = t
				b.config, b.path = movingConfig(t, b.l, "")
				defer c.cause(b, b.l.Process(group, 0))()
				r := command(t, b.l, "diff", "--config", b.config, "-o", "json")
				var got diffs
				if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
					t.Fatalf("exit %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
				}
				var rows []string
				for _, x := range got.Sizes {
					rows = append(rows, strings.Join([]string{x.Alias, string(x.Key), inPlace(x.Running), inPlace(x.File),
						inPlace(x.Journal)}, " "))
					if x.Process != group+"/1" {
						t.Errorf("%+v is of %s, want %s/1", x, x.Process, group)
					}
				}
				slices.Sort(rows)
				if strings.Join(rows, ", ") != c.want || (r.code == exitFound) != (c.want != "") || got.Lines != 2 {
					t.Errorf("exit %d, %q, %d lines; want %q and 2 lines\n%s", r.code, rows, got.Lines, c.want, r.stderr)
				}
				table := command(t, b.l, "diff", "--config", b.config)
				if agree := strings.Contains(table.stdout, "all sizes agree: 2 lines compared"); agree != (c.want == "") {
					t.Errorf("exit %d\n%s%s", table.code, table.stdout, table.stderr)
				}
			})
		}
	}
}
