package control_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// story is a controller over a fleet by hand: pools a/db and b/db of one server, in one process each.
type story struct {
	t  *testing.T
	at string // file and line of the command
	s  *plannertest.TwoPools
}

// do runs one command.
//
//	fleet [spare=N]                 a fleet of its own: a/db 20 → 16, b/db 10 → 14, N connections spare
//	goal a=N b=N                    other sizes to go to
//	policy percent=N soak=D drain=D hold=D confirm=D   what is not given stays
//	abort WHO                       a person has aborted the run; without one: nobody has
//	pause WHO                       a person has paused it; without one: nobody has
//	only-watch                      the run begins no step
//	sample a=SIZE/OPEN b=SIZE/OPEN [times=N] [wait=a:D] [idle=PID:USER:APPLICATION:POOL] [direct=N]
//	signal NAME=V [hold=V] [resume=V] [abort=V]   the value of a signal of the server, now; without one: none is known
//	next [KIND [OUTCOME]]           print the next action, and leave it
//	do KIND                         take the next action; the journal has it as done
//	intend                          the next action is in the journal, and nobody knows what became of it
//	fail OUTCOME REASON…            the next action fails
//	watch a=… b=… most=D            sample and wait until another action than wait is next
//	record {…}                      an event, as the journal writes it
//	pass D                          time in which nobody takes a sample
//	blind                           a sample that does not succeed
//	restart                         the program was killed, and begins again with its journal
//	rollback                        a person takes the step in hand back, with a run of its own
//	forecast                        the steps to the goal, and how long they take
//	steps                           how many steps are done
func (x *story) do(out io.Writer, command, rest string) {
	w := argsOf(rest)
	if x.s == nil && command != "fleet" {
		x.t.Fatalf("%s: %s comes before a fleet", x.at, command)
	}
	switch command {
	case "fleet":
		x.s = plannertest.NewTwoPools(int(x.number(w, "spare", 0)))
	case "goal":
		for i, name := range []string{"a", "b"} {
			x.s.Goal.Pools[i].Size = int(x.number(w, name, float64(x.s.Goal.Pools[i].Size)))
		}
	case "policy":
		p := &x.s.Policy
		p.Percent = x.number(w, "percent", p.Percent)
		p.Soak = x.duration(w.values["soak"], p.Soak)
		p.DrainFor = x.duration(w.values["drain"], p.DrainFor)
		p.HoldFor = x.duration(w.values["hold"], p.HoldFor)
		p.ConfirmAfter = x.duration(w.values["confirm"], p.ConfirmAfter)
	case "abort":
		if x.s.Bars.Aborted = (verdict.Reason{}); rest != "" {
			x.s.Bars.Aborted = verdict.Of(verdict.AbortAsked, rest)
		}
	case "pause":
		if x.s.Bars.Paused = (verdict.Reason{}); rest != "" {
			x.s.Bars.Paused = verdict.Of(verdict.PausedBy, rest)
		}
	case "throttle":
		x.s.Throttle = rest
	case "only-watch":
		x.s.Watch = true
	case "sample":
		for range max(1, int(x.number(w, "times", 1))) {
			x.sample(w)
		}
	case "signal":
		x.signal(w)
	case "next":
		a := x.s.Next()
		x.expect(a, w.bare)
		fmt.Fprintln(out, actionText(a))
	case "do":
		if len(w.bare) != 1 {
			x.t.Fatalf("%s: do wants the kind of the next action", x.at)
		}
		x.expect(x.s.Next(), w.bare)
		fmt.Fprintln(out, actionText(x.s.Do(x.t, state.ActionKind(w.bare[0]))))
	case "intend":
		a := x.s.Next()
		x.expect(a, w.bare)
		x.s.Record(state.Event{Kind: state.Intended, Action: &a})
		fmt.Fprintln(out, "unknown:", actionText(a))
	case "fail":
		a := x.s.Next()
		outcome, reason, _ := strings.Cut(rest, " ")
		x.record(map[string]any{"kind": state.Failed, "action": a, "outcome": spaced(outcome), "code": verdict.ActionFailed,
			"reason": reason})
		fmt.Fprintf(out, "failed: %s\n", reason)
	case "watch":
		x.watch(out, w)
	case "record":
		x.record(json.RawMessage(rest))
	case "pass":
		x.s.Now = x.s.Now.Add(x.duration(rest, 0))
	case "blind":
		x.s.Recent = x.s.Recent.Broken()
	case "restart":
		x.s.Recent, x.s.Guard = control.RecentSamples{}, control.SaturationGuard{}
		x.s.Record(state.Event{Kind: state.RunBegan, Goal: &x.s.Goal})
	case "rollback":
		x.s.Recent, x.s.Guard = control.RecentSamples{}, control.SaturationGuard{}
		x.s.Record(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, To: x.s.Journal.StepSeq})
	case "forecast":
		steps, blocked := control.State{Samples: control.Samples{Fleet: x.s.Fleet}, RunGoal: control.RunGoal{Goal: x.s.Goal},
			Policy: x.s.Policy}.Forecast()
		for i, step := range steps {
			fmt.Fprintf(out, "%d  %s\n", i+1, step.Step.Text())
		}
		fmt.Fprintf(out, "%d steps, %v\n", len(steps), control.Takes(x.s.Policy, len(steps)))
		if why := reasonText(blocked); why != "" {
			fmt.Fprintln(out, "blocked:", why)
		}
	case "steps":
		fmt.Fprintf(out, "%d steps are done\n", x.s.Journal.Steps)
	default:
		x.t.Fatalf("%s: there is no command %q", x.at, command)
	}
}

// sample lets a second pass and takes a sample.
func (x *story) sample(w args) {
	var size, open [2]int
	for i, name := range []string{"a", "b"} {
		if _, err := fmt.Sscanf(w.values[name], "%d/%d", &size[i], &open[i]); err != nil {
			x.t.Fatalf("%s: %s=%q, want SIZE/OPEN", x.at, name, w.values[name])
		}
	}
	var change []func(*fleet.Observation)
	if group, d, ok := strings.Cut(w.values["wait"], ":"); ok {
		change = append(change, plannertest.Waits(group, x.duration(d, 0)))
	}
	if f := strings.Split(w.values["idle"], ":"); len(f) == 4 {
		var pid int
		if _, err := fmt.Sscan(f[0], &pid); err != nil {
			x.t.Fatalf("%s: %v", x.at, err)
		}
		change = append(change, func(o *fleet.Observation) {
			o.Servers[0].IdleInTransaction = []fleet.IdleInTransaction{{PID: pid, User: f[1], Application: f[2],
				Age: time.Minute, Pool: f[3]}}
		})
	}
	if n := int(x.number(w, "direct", 0)); n > 0 {
		change = append(change, func(o *fleet.Observation) { o.Servers[0].Backends.DirectConns = n })
	}
	x.s.Observe(size[0], open[0], size[1], open[1], change...)
}

// signal gives the guard a value of a signal.
func (x *story) signal(w args) {
	if len(w.values) == 0 {
		x.s.Guard = control.SaturationGuard{}
		return
	}
	rule := control.Threshold{Hold: x.number(w, "hold", 0.85), Resume: x.number(w, "resume", 0.8),
		Abort: x.number(w, "abort", 0.95)}
	for name := range w.values {
		if name != "hold" && name != "resume" && name != "abort" {
			rule.Name = name
		}
	}
	x.s.Guard = x.s.Guard.Add([]fleet.Signal{{Name: rule.Name, Server: "pg", Value: fleet.Float(x.number(w, rule.Name, 0)),
		At: x.s.Now}}, []control.Threshold{rule}, []string{"pg"}, time.Minute, x.s.Now)
}

// watch samples and waits until another action is next.
func (x *story) watch(out io.Writer, w args) {
	most, begun := x.duration(w.values["most"], time.Hour), x.s.Now
	for samples := 1; ; samples++ {
		x.sample(w)
		a := x.s.Next()
		if a.Kind != state.Wait {
			fmt.Fprintf(out, "%d samples, then %s\n", samples, actionText(a))
			return
		}
		if waited := x.s.Now.Sub(begun); waited > most {
			x.t.Fatalf("%s: still %s after %v, want another action within %v", x.at, actionText(a), waited, most)
		}
	}
}

// record writes an event that is given as a journal has it.
func (x *story) record(event any) {
	text, err := json.Marshal(event)
	if err != nil {
		x.t.Fatalf("%s: %v", x.at, err)
	}
	var e state.Event
	if err := json.Unmarshal(text, &e); err != nil || e.Kind == "" {
		x.t.Fatalf("%s: %s is no event: %v", x.at, text, err)
	}
	x.s.Record(e)
}

// expect wants the kind and the outcome of an action, where they are given.
func (x *story) expect(a state.Action, want []string) {
	if len(want) > 0 && string(a.Kind) != want[0] || len(want) > 1 && string(a.Outcome) != spaced(want[1]) {
		x.t.Fatalf("%s: at %v the next action is %s, want %s", x.at, since(x.s), actionText(a), strings.Join(want, " "))
	}
}

// spaced is an outcome as the journal has it: blanks are dashes in a command.
func spaced(outcome string) string { return strings.ReplaceAll(outcome, "-", " ") }

// actionText is an action in a transcript.
func actionText(a state.Action) string {
	text := string(a.Kind)
	if a.Outcome != "" {
		text += " " + string(a.Outcome)
	}
	if a.Held {
		text += " held"
	}
	if state.Back(a.Step) {
		text += " back"
	}
	if a.Step != nil && len(a.Step.Changes) > 0 && len(a.Changes) == 0 {
		text += " " + a.Step.Text()
	}
	for i, c := range a.Changes {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %s %s %s %d → %d", c.Process, c.Alias, c.Key, c.From, c.To)
	}
	if reason := reasonText(a.Reason); reason != "" {
		text += ": " + reason
	}
	return text
}

// reasonText is a reason in words.
func reasonText(reason any) string {
	if r, ok := reason.(interface{ Text() string }); ok {
		return r.Text()
	}
	return fmt.Sprint(reason)
}
