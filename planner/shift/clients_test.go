package shift_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// clientProcess is a process of 1.24 with max_client_conn, and clients in use: those of its aliases, and others.
func clientProcess(id string, most, used int, aliases ...fleet.Alias) fleet.Process {
	group, _, _ := strings.Cut(id, "/")
	return fleet.Process{ID: id, Group: group, Version: "1.24.1", Settings: fleet.Settings{MaxClients: most},
		UsedClients: used, Aliases: aliases}
}

// clientAlias is an alias with a limit of clients, and so many of each of its users, u1, u2, …; one of them waits.
func clientAlias(name string, most int, clients ...int) fleet.Alias {
	a := fleet.Alias{Name: name, MaxClients: most}
	for i, n := range clients {
		g := fleet.PoolGauges{User: fmt.Sprintf("u%d", i+1)}
		if n > 0 {
			g.ClientsActive, g.ClientsWaiting = n-1, 1
		}
		a.Pools = append(a.Pools, g)
	}
	return a
}

// splitClients is main, with 30 and 21 clients of app, and 5 of another alias, and ci, two processes with 4 and 8
// clients of app, one of another, and two and one that are of no pool.
func splitClients() shift.Clients {
	return shift.Clients{Seen: fleet.Observation{Processes: []fleet.Process{
		clientProcess("ci/1", 40, 7, clientAlias("app", 20, 4), clientAlias("other", 0, 1)),
		clientProcess("ci/2", 30, 9, clientAlias("app", 0, 3, 5)),
		clientProcess("main/1", 100, 31, clientAlias("app", 0, 10, 20)),
		clientProcess("main/2", 100, 27, clientAlias("app", 0, 21), clientAlias("other", 0, 5)),
	}}}
}

// TestTheClientsOfASplitAreCountedAtEachPercentage: 51 clients of main/app open another connection each, 26 at each of
// two processes, by hand.
func TestTheClientsOfASplitAreCountedAtEachPercentage(t *testing.T) {
	s := shift.Shift{From: "main/app", To: "ci/app", Until: 100}
	c := splitClients()
	c.Declared = map[string]fleet.ClientLimits{"ci": {Files: 62, Balancer: 50}}
	c.Fleet = budget.Fleet{Pools: []budget.FleetPool{{ID: "ci/app", Sizes: []budget.Size{{Process: "ci/1", Conns: 9},
		{Process: "ci/2", Conns: 7}}, ReserveConns: 3, LinePools: []budget.LinePool{{Process: "ci/1", User: "u1"},
		{Process: "ci/2", User: "u1", FixedConns: 4}, {Process: "ci/2", User: "u2", FixedConns: 1}}}}}
	limits, unknown := c.Limits(s)
	if len(unknown) > 0 {
		t.Errorf("unknown: %q", unknown)
	}
	for i, want := range []struct {
		limit                  string
		most, now, burst, full int
		half                   int // clients at 50 %
	}{
		{"max_client_conn of ci/1", 40, 7, 37, 101, 20},                 // 25.5 + 3 × √12.75 = 36.2
		{"max_db_client_connections of app in ci/1", 20, 4, 37, 62, 17}, // 4 + 26 × 62 % = 20.12
		{"files of ci/1", 62, 39, 37, 89, 52},                           // 7 + 12 + 20; 39 + 26 × 89 % = 62.14
		{"max_client_conn of ci/2", 30, 9, 37, 81, 22},                  // 9 + 26 × 81 % = 30.06
		{"files of ci/2", 62, 34, 37, 101, 47},                          // 9 + 5 + 20
		{"the balancer of ci", 50, 13, 51, 73, 39},                      // 13 + 51 × 73 % = 50.23
	} {
		if i >= len(limits) {
			t.Fatalf("%d limits, %s is missing", len(limits), want.limit)
		}
		l := limits[i]
		if l.Limit != want.limit || l.Most != want.most || l.Now != want.now || l.Burst != want.burst ||
			l.Full() != want.full || l.Clients(50) != want.half {
			t.Errorf("%+v: full at %d %%, %d at 50 %%; want %+v", l, l.Full(), l.Clients(50), want)
		}
	}
	if len(limits) != 6 {
		t.Errorf("%d limits, want 6: %+v", len(limits), limits)
	}
	if full := (shift.ClientLimit{Most: 5, Now: 6, At: 30}).Full(); full != 30 {
		t.Errorf("a limit that is full already is full at %d %%, want 30", full)
	}
}

// TestAShiftIsRefusedFromThePercentageOnThatALimitDoesNotHold, and where it ends before, all who may come at once are
// told of.
func TestAShiftIsRefusedFromThePercentageOnThatALimitDoesNotHold(t *testing.T) {
	s := shift.Shift{From: "main/app", To: "ci/app", Until: 75}
	limits, unknown := splitClients().Limits(s)
	refused, cures, burst := s.ClientsRefused(limits)
	if len(refused) != 1 || refused[0] != "max_db_client_connections of app in ci/1 is 20: 4 now, and 20 more by 75 %, "+
		"too many from 62 % on" {
		t.Errorf("refused: %q", refused)
	}
	if !slices.Equal(cures, []string{"end the shift at 61 %", "raise max_db_client_connections to 24"}) {
		t.Errorf("cures: %q", cures)
	}
	if len(burst) != 2 || burst[1] != "max_client_conn of ci/2 is 30: 9 now (consoles and logins count), and 20 more by "+
		"75 %; up to 46, and too many, where every client of main/app opens one at the first percentage and picks a "+
		"process at random" {
		t.Errorf("burst: %q", burst)
	}
	if !slices.Equal(unknown, []string{"groups[].client_limits of ci declares no balancer, no files: the clients that " +
		"come are not held against it"}) {
		t.Errorf("unknown: %q", unknown)
	}
	s.At, s.Until = 60, 40 // those that came stay, and nobody comes
	if limits, unknown := splitClients().Limits(s); len(limits)+len(unknown) > 0 {
		t.Errorf("on the way back: %+v, %q", limits, unknown)
	}
}

// TestClientsOfAShiftAreThoseThatPgBouncerCounts: each row has one process of each group, 20 clients of u1 in main/app
// and 10 in ci/app, and the first percentage at which its limit is exceeded, by hand.
func TestClientsOfAShiftAreThoseThatPgBouncerCounts(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *shift.Clients, main, ci *fleet.Process, s *shift.Shift)
		limit  string // the first that is exceeded; empty: none
		now    int
		full   int
	}{
		{name: "they fit", change: func(_ *shift.Clients, _, ci *fleet.Process, _ *shift.Shift) {
			ci.Settings.MaxClients, ci.UsedClients = 31, 11
		}},
		{name: "a console takes the last", change: func(_ *shift.Clients, _, ci *fleet.Process, _ *shift.Shift) {
			ci.Settings.MaxClients, ci.UsedClients = 30, 11
		}, limit: "max_client_conn of ci/1", now: 11, full: 96}, // 11 + 20 × 96 % = 30.2
		{name: "a user's own, over all databases", change: func(_ *shift.Clients, _, ci *fleet.Process, _ *shift.Shift) {
			ci.UserClients = []fleet.UserClients{{Name: "u1", Most: 25, Now: 13}}
		}, limit: "max_user_client_connections of u1 in ci/1", now: 13, full: 61},
		{name: "another user's", change: func(_ *shift.Clients, _, ci *fleet.Process, _ *shift.Shift) {
			ci.UserClients = []fleet.UserClients{{Name: "u2", Most: 25, Now: 24}}
		}},
		{name: "a user who has not come yet", change: func(_ *shift.Clients, main, ci *fleet.Process, _ *shift.Shift) {
			main.Aliases[0].Pools[0].User, ci.Settings.MaxUserClients = "new", 15
		}, limit: "max_user_client_connections of new in ci/1", now: 0, full: 76},
		{name: "an earlier shift's", change: func(c *shift.Clients, _, ci *fleet.Process, _ *shift.Shift) {
			ci.Settings.MaxClients, ci.UsedClients = 45, 11
			*c = c.After(shift.Shift{From: "main/app", To: "ci/other", Until: 100})
		}, limit: "max_client_conn of ci/1", now: 31, full: 71},
		{name: "of one process", change: func(_ *shift.Clients, main, _ *fleet.Process, s *shift.Shift) {
			s.To, main.Settings.MaxClients = "main/other", 35
		}, limit: "max_client_conn of main/1", now: 21, full: 71},
		{name: "who has come already comes no more", change: func(_ *shift.Clients, _, ci *fleet.Process, s *shift.Shift) {
			s.At, ci.Settings.MaxClients, ci.UsedClients = 10, 31, 31
			ci.Aliases[0] = clientAlias("app", 0, 30)
		}},
		{name: "who surely has not", change: func(_ *shift.Clients, _, ci *fleet.Process, s *shift.Shift) {
			s.At, ci.Settings.MaxClients = 10, 19 // 11 + 10 × 81/90 = 20
		}, limit: "max_client_conn of ci/1", now: 11, full: 83},
		{name: "nobody comes", change: func(c *shift.Clients, main, _ *fleet.Process, _ *shift.Shift) {
			main.Aliases[0], c.Declared = clientAlias("app", 0, 0), map[string]fleet.ClientLimits{"ci": {Files: 1}}
		}},
		{name: "files, and a far pool", change: func(c *shift.Clients, _, ci *fleet.Process, _ *shift.Shift) {
			far := clientAlias("far", 0, 1, 1)
			far.SizeConns, far.ReserveConns = 30, 20
			ci.Aliases, c.Declared = append(ci.Aliases, far), map[string]fleet.ClientLimits{"ci": {Files: 150}}
		}, limit: "files of ci/1", now: 11 + 8 + 100 + 20, full: 56},
		{name: "files, at the size that is planned, for the users who come",
			change: func(c *shift.Clients, main, ci *fleet.Process, _ *shift.Shift) {
				c.Declared, c.Largest = map[string]fleet.ClientLimits{"ci": {Files: 80}}, map[string]int{"ci/app": 14}
				c.Fleet.Pools[0].LinePools = append(c.Fleet.Pools[0].LinePools, budget.LinePool{Process: "main/1", User: "u2"})
			}, limit: "files of ci/1", now: 11 + 2*14 + 20, full: 101},
		{name: "files, under max_db_connections", change: func(c *shift.Clients, _, ci *fleet.Process, _ *shift.Shift) {
			c.Declared, c.Largest = map[string]fleet.ClientLimits{"ci": {Files: 70}}, map[string]int{"ci/app": 40}
			ci.Aliases[0].MaxConns = 8
		}, limit: "files of ci/1", now: 11 + 8 + 20, full: 101},
		{name: "files, under max_user_connections", change: func(c *shift.Clients, _, ci *fleet.Process, _ *shift.Shift) {
			c.Declared, c.Largest = map[string]fleet.ClientLimits{"ci": {Files: 70}}, map[string]int{"ci/app": 40}
			ci.Settings.MaxUserConns = 6
		}, limit: "files of ci/1", now: 11 + 6 + 20, full: 101},
	} {
		main, ci := clientProcess("main/1", 0, 21, clientAlias("app", 0, 20)), clientProcess("ci/1", 0, 11,
			clientAlias("app", 0, 10))
		s := shift.Shift{From: "main/app", To: "ci/app", Until: 100}
		clients := shift.Clients{Seen: fleet.Observation{Processes: []fleet.Process{ci, main}},
			Fleet: budget.Fleet{Pools: []budget.FleetPool{
				{ID: "main/app", Sizes: []budget.Size{{Process: "main/1", Conns: 9}},
					LinePools: []budget.LinePool{{Process: "main/1", User: "u1"}}},
				{ID: "ci/app", Sizes: []budget.Size{{Process: "ci/1", Conns: 8}},
					LinePools: []budget.LinePool{{Process: "ci/1", User: "u1"}}},
			}}}
		c.change(&clients, &clients.Seen.Processes[1], &clients.Seen.Processes[0], &s)
		limits, _ := clients.Limits(s)
		i := slices.IndexFunc(limits, func(l shift.ClientLimit) bool { return l.Limit == c.limit })
		if c.limit != "" && (i < 0 || limits[i].Now != c.now || limits[i].Full() != c.full) {
			t.Errorf("%s: want %s with %d now, full at %d %%, in %+v", c.name, c.limit, c.now, c.full, limits)
		}
		refused, _, _ := s.ClientsRefused(limits)
		if (len(refused) > 0) != (c.limit != "" && c.full <= 100) {
			t.Errorf("%s: refused: %q", c.name, refused)
		}
	}
}

// TestWhatIsNotKnownOfClientsIsSaid, and nothing is held against it.
func TestWhatIsNotKnownOfClientsIsSaid(t *testing.T) {
	main := clientProcess("main/1", 0, 0, clientAlias("*", 0, 20))
	ci := clientProcess("ci/1", 0, 0, clientAlias("*", 0, 10))
	main.Aliases[0].ForceUser = "u1"
	ci.Settings.MaxDBClients, ci.UserClients = 12, []fleet.UserClients{{Name: "x", Most: 1}}
	limits, unknown := shift.Clients{Seen: fleet.Observation{Processes: []fleet.Process{main, ci}}}.Limits(
		shift.Shift{From: "main/*", To: "ci/*", Until: 100})
	want := []string{
		"SHOW LISTS of ci/1 is not in the sample: consoles and logins are not counted",
		"max_client_conn of ci/1 is not known",
		"max_db_client_connections holds for each database of * in ci/1 by itself",
		"max_user_client_connections of ci/1: a line with user= hides as whom clients come",
		"groups[].client_limits of ci declares no balancer, no files: the clients that come are not held against it",
	}
	if len(limits) > 0 || !slices.Equal(unknown, want) {
		t.Errorf("%+v, %q", limits, unknown)
	}
}
