package apply_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAProcessThatHasWhatIsWantedNeedsNoRights has three, of which the last could not be told: its old file is back.
// What would be refused to it keeps the others from nothing.
func TestAProcessThatHasWhatIsWantedNeedsNoRights(t *testing.T) {
	for _, c := range []struct {
		name    string
		refused func(f *livetest.Fake, s *livetest.Memory) bouncer.Store
		kind    operr.Kind
		says    string
	}{
		{"no admin any more", func(f *livetest.Fake, s *livetest.Memory) bouncer.Store {
			f.Set("admin_users",
				"postgres")
			return s
		},
			operr.KindEvidence, "may run SHOW but not RELOAD"},
		{"its file is kept by something else",
			func(_ *livetest.Fake, s *livetest.Memory) bouncer.Store { return livetest.Kept{Memory: s} },
			operr.KindUsage, "kept by a ConfigMap"},
		{"a RELOAD would recycle", func(f *livetest.Fake, s *livetest.Memory) bouncer.Store {
			f.Version = "1.23.1/bouncer"
			f.Set("server_tls_sslmode", "prefer")
			f.Tables["SHOW VERSION"] = [][]string{{"version"}, {"PgBouncer 1.23.1"}}
			return s
		}, operr.KindUsage, "recycles every server connection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, its := range []struct {
				name    string
				inForce string // pool_size of d1
				file    string
				does    bool // something is left to do
			}{
				{"nothing is left to do", "6", "6", false},
				{"its file is left", "6", "5", true},
				{"a RELOAD is left", "5", "6", true},
				{"all is left", "5", "5", true},
			} {
				fleet, _, fakes, stores := processes(t, 3, func(int) bool { return true })
				last, configs := 2, []observe.Config{}
				for i, s := range stores {
					size := "5"
					if i == last {
						size = its.file
					}
					s.Text = strings.Replace(s.Text, "pool_size=6", "pool_size="+size, 1)
					configs = append(configs, observe.Config{Process: livetest.Back(3).Changes[i].Process, Path: "/etc/pgbouncer.ini",
						Store: s})
				}
				for i, f := range fakes {
					size := "5"
					if i == last {
						size = its.inForce
					}
					for _, row := range f.Tables["SHOW DATABASES"] {
						if row[0] == "d1" {
							row[5] = size
						}
					}
				}
				fleet.Close() // it connects anew, and asks for the version
				configs[last].Store = c.refused(fakes[last], stores[last])
				applier := apply.New(fleet, configs)
				for what, err := range map[string]error{
					"checked": applier.Check(t.Context(), livetest.Back(3).Changes),
					"applied": applier.Apply(t.Context(), livetest.Back(3)),
				} {
					refused := operr.KindOf(err) == c.kind && err != nil && strings.Contains(err.Error(), c.says)
					if its.does && !refused || !its.does && err != nil {
						t.Errorf("%s, %s: %v", its.name, what, err)
					}
				}
				for i, s := range stores {
					want := 0
					if i != last && !its.does {
						want = 1
					}
					if s.Writes != want {
						t.Errorf("%s: process %d: %d writes, want %d", its.name, i+1, s.Writes, want)
					}
				}
			}
		})
	}
}

// TestOneProcessThatIsGoneKeepsNoOtherFromARestoreOrARetreat: each takes its part by itself, and the error is of the
// one.
func TestOneProcessThatIsGoneKeepsNoOtherFromARestoreOrARetreat(t *testing.T) {
	for _, kind := range []state.ActionKind{state.Restore, state.Retreat, state.Undo} {
		f, _, _, stores := processes(t, 2, func(int) bool { return true })
		var configs []observe.Config
		for i, s := range stores {
			configs = append(configs, observe.Config{Process: livetest.Back(2).Changes[i].Process, Path: "/etc/pgbouncer.ini",
				Store: s})
		}
		action := state.Action{Kind: kind, Changes: livetest.Release(2).Changes}
		gone := action.Changes[0]
		gone.Process = "gone/1"
		action.Changes = append([]fleet.SettingChange{gone}, action.Changes...)
		err := apply.New(f, configs).Apply(t.Context(), action)
		if err == nil || !strings.Contains(err.Error(), "gone/1") {
			t.Errorf("%s: %v, want an error of gone/1", kind, err)
		}
		want := 1
		if kind == state.Undo {
			want = 0
		}
		for i, s := range stores {
			if s.Writes != want {
				t.Errorf("%s: process %d: %d writes, want %d", kind, i+1, s.Writes, want)
			}
		}
	}
}
