package state_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// consolesOf are processes of a group a, reached at these addresses.
func consolesOf(consoles ...string) (o fleet.Observation) {
	for i, c := range consoles {
		o.Processes = append(o.Processes, fleet.Process{ID: fmt.Sprintf("a/%d", i+1), Group: "a", Console: c,
			Aliases: []fleet.Alias{{Name: "db"}}})
	}
	return o
}

// evened is a journal of three processes whose sizes, from 4, 9 and 5 or all from 9, were made 5 by step 1, and made 3
// by step 2; then a person took responsibility.
func evened(from ...int) state.JournalState {
	step := func(from []int, to int) *state.Step {
		s := &state.Step{Kind: state.Forward}
		for i, n := range from {
			s.Changes = append(s.Changes, fleet.SettingChange{Process: fmt.Sprintf("a/%d", i+1), Alias: "db", Key: fleet.KeySize,
				From: n, To: to})
		}
		return s
	}
	m := state.JournalState{}.After(state.Event{Seq: 1, Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: state.SeenIn(consolesOf("h1:6432", "h2:6432", "h3:6432"))})
	for i, s := range []*state.Step{step(from, 5), step([]int{5, 5, 5}, 3)} {
		m = m.After(state.Event{Seq: int64(10 * (i + 1)), Kind: state.StepBegan, Step: s})
		m = m.After(state.Event{Seq: int64(10*(i+1) + 1), Kind: state.StepEnded})
	}
	flush := state.Action{Kind: state.Flush, Changes: []fleet.SettingChange{{Process: "a/3", Alias: "db",
		Key: fleet.KeyLifetime, From: 3600, To: 1}}}
	m = m.After(state.Event{Seq: 30, Kind: state.Intended, Action: &flush})
	return m.After(state.Event{Seq: 31, Kind: state.Accepted})
}

func linesText(m state.JournalState) string {
	var parts []string
	for _, x := range m.Past[0].Step.Changes {
		parts = append(parts, fmt.Sprintf("%s %d", x.Process, x.From))
	}
	return strings.Join(parts, ", ")
}

// TestALineGoesByTheAddressOfItsProcess: a process that has taken the place of another is not given what was that
// one's, in a sample before a rollback, and in what the next run remembers.
func TestALineGoesByTheAddressOfItsProcess(t *testing.T) {
	uneven, even := []int{4, 9, 5}, []int{9, 9, 9}
	for _, c := range []struct {
		name    string
		from    []int
		now     []string
		want    string
		flushed string // of a/3
		doubt   string // of step 1: the process, and the arguments of WhoIsLeft
	}{
		{"as before", uneven, []string{"h1:6432", "h2:6432", "h3:6432"}, "a/1 4, a/2 9, a/3 5", "a/3", ""},
		{"the second is lost", uneven, []string{"h1:6432", "h3:6432"}, "a/1 4, a/2 5, a/2 at h2:6432 9", "a/2", ""},
		{"the first is lost", uneven, []string{"h2:6432", "h3:6432"}, "a/1 9, a/1 at h1:6432 4, a/2 5", "a/2", ""},
		{"another order", uneven, []string{"h3:6432", "h1:6432", "h2:6432"}, "a/1 5, a/2 4, a/3 9", "a/1", ""},
		{"one in its place", uneven, []string{"h1:6432", "h4:6432", "h3:6432"}, "a/1 4, a/2 9, a/3 5", "a/3", ""},
		{"the last is lost, and one has come before it", uneven, []string{"h1:6432", "h4:6432", "h2:6432"},
			"a/1 4, a/3 9, a/3 at h3:6432 5", "a/3 at h3:6432", ""},
		{"one is lost, and one has a new address", uneven, []string{"h1:6432", "pod:6432"},
			"a/1 4, a/2 at h2:6432 9, a/3 at h3:6432 5", "a/3 at h3:6432",
			"a/2 [pod:6432 h2:6432 a]"},
		{"the same where all were alike", even, []string{"h1:6432", "pod:6432"}, "a/1 9, a/2 9, a/3 at h3:6432 9",
			"a/3 at h3:6432", ""},
		{"no address is known", uneven, []string{"", "", ""}, "a/1 4, a/2 9, a/3 5", "a/3", ""},
	} {
		m := evened(c.from...)
		placed, doubts := m.Placed(consolesOf(c.now...))
		began := m.After(state.Event{Seq: 40, Kind: state.RunBegan, Goal: &sizing.Goal{},
			Seen: state.SeenIn(consolesOf(c.now...))})
		for what, m := range map[string]state.JournalState{"before a rollback": placed, "after a run began": began} {
			if got := linesText(m); got != c.want || m.Written[0].Process != c.flushed {
				t.Errorf("%s, %s: %s, and %s is flushed; want %s, and %s", c.name, what, got, m.Written[0].Process, c.want,
					c.flushed)
			}
		}
		why := placed.Doubted(doubts, 10)
		if of := fmt.Sprint(why.Subject, " ", why.Args); why.Any() != (c.doubt != "") || why.Any() && of != c.doubt ||
			why.Any() && !why.Is(verdict.WhoIsLeft) {
			t.Errorf("%s: doubted %q, want %q", c.name, why.Text(), c.doubt)
		}
		if why := placed.Doubted(doubts, 20); why.Any() {
			t.Errorf("%s: of the step that moved all alike, doubted %q", c.name, why.Text())
		}
	}
	if m := evened(uneven...); linesText(m) != "a/1 4, a/2 9, a/3 5" {
		t.Errorf("the state itself has become %s", linesText(m))
	}
}

// TestAProcessThatComesBackHasItsLinesAgain: by whatever name.
func TestAProcessThatComesBackHasItsLinesAgain(t *testing.T) {
	m := evened(4, 9, 5)
	run := func(consoles ...string) {
		m = m.After(state.Event{Seq: m.Seq + 1, Kind: state.RunBegan, Goal: &sizing.Goal{},
			Seen: state.SeenIn(consolesOf(consoles...))})
		m = m.After(state.Event{Seq: m.Seq + 1, Kind: state.RunEnded, Outcome: state.Done})
	}
	run("h1:6432", "h3:6432")
	if got := linesText(m); got != "a/1 4, a/2 5, a/2 at h2:6432 9" {
		t.Fatal(got)
	}
	run("h1:6432", "h3:6432", "h2:6432")
	if got := linesText(m); got != "a/1 4, a/2 5, a/3 9" {
		t.Error(got)
	}
	m = m.After(state.Event{Seq: m.Seq + 1, Kind: state.Accepted})
	m = m.After(state.Event{Seq: m.Seq + 1, Kind: state.Accepted})
	placed, _ := m.Placed(consolesOf("h2:6432", "h1:6432", "h3:6432"))
	if got := linesText(placed); got != "a/1 9, a/2 4, a/3 5" {
		t.Error(got)
	}
	// One that is lost for good does not make the others doubtful once one of them has a new address.
	m = evened(4, 9, 5)
	run("h1:6432", "h3:6432")
	m = m.After(state.Event{Seq: m.Seq + 1, Kind: state.Accepted})
	placed, doubts := m.Placed(consolesOf("h1:6432", "pod:6432"))
	if got, why := linesText(placed), placed.Doubted(doubts, 0); got != "a/1 4, a/2 5, a/2 at h2:6432 9" || why.Any() {
		t.Errorf("%s, doubted %q", got, why.Text())
	}
}

// A process whose name ends as that of a lost one would is not lost for it: what is lost is known, not read off a name.
func TestANameThatLooksLostIsNotTakenForLost(t *testing.T) {
	p := state.Place{Process: "a/1 at h1:6432", Console: "h1:6432"}
	m := state.JournalState{SettingsWritten: state.SettingsWritten{Places: []state.Place{p},
		Written: []state.Written{{SettingChange: fleet.SettingChange{
			Process: p.Process, Alias: "app", Key: fleet.KeySize, From: 1, To: 4}, Or: 4}}}}
	placed, _ := m.Placed(consolesOf("h9:6432", "h8:6432", "h7:6432"))
	if got := placed.Written[0].Process; got != "a/1 at h1:6432 at h1:6432" {
		t.Errorf("the lost process is called %q", got)
	}
	if again, _ := placed.Placed(consolesOf("h9:6432", "h8:6432")); again.Written[0].Process !=
		placed.Written[0].Process {
		t.Errorf("and once more %q", again.Written[0].Process)
	}
}
