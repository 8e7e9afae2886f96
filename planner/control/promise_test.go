package control_test

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestPromiseCountsWhatIsOpenAndNothingThatShrinks(t *testing.T) {
	s := plannertest.NewTwoPools(2)
	s.Observe(20, 20, 10, 10)
	grant := func(to int) verdict.Reason {
		return control.Broken(s.Fleet, []fleet.SettingChange{{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10,
			To: to}})
	}
	if why := grant(12); why.Any() {
		t.Error(why.Text())
	}
	if why := grant(13); !why.Is(verdict.NoRoom) || why.Subject != "pg" || fmt.Sprint(why.Numbers) != "[33 32 30]" {
		t.Errorf("%+v, want 33 of 32 connections, 30 now", why)
	}
	if why := control.Broken(s.Fleet, []fleet.SettingChange{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20,
		To: 10}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 13}}); !why.Any() {
		t.Error("a release that has not been seen pays for a grant")
	}
	s.Observe(10, 19, 10, 10) // a was made smaller and has not drained
	if why := grant(13); why.Any() {
		t.Error(why.Text())
	}
	if why := grant(14); !why.Any() {
		t.Error("connections that are open do not count")
	}
}
