package operr

import (
	"errors"
	"iter"
)

// Rule is the name, which stays, of a rule of pgbudget check: of what must be so for a plan to be right, or for a step
// to be taken.
type Rule string

// The rules. bouncer/check has what each means.
const (
	RuleConfig     Rule = "config"           // the config has what a step needs
	RuleAddress    Rule = "address"          // each DSN leads to what it is said to lead to, and no two to the same
	RuleLogin      Rule = "login"            // every console and server answers, and lets its user in
	RuleRights     Rule = "rights"           // a user may see what is counted, and may RELOAD
	RuleAlone      Rule = "alone"            // no other pgbudget is at work
	RuleJournal    Rule = "journal"          // the journal can be read, and nothing of it waits
	RuleDrift      Rule = "drift"            // the fleet is as the journal says
	RulePause      Rule = "pause"            // nobody has paused
	RuleWindow     Rule = "window"           // policy.windows lets a step begin
	RuleFile       Rule = "file"             // a pgbouncer.ini can be read, and loaded
	RuleConffile   Rule = "conffile"         // the file of the config is the one that the process reads
	RuleWrite      Rule = "file-write"       // a file can be replaced in the way in which a step does it
	RuleManaged    Rule = "file-managed"     // nothing else writes a file
	RuleShared     Rule = "file-shared"      // no process of another group reads a file
	RulePending    Rule = "reload-pending"   // a RELOAD changes nothing but our sizes
	RuleRestart    Rule = "restart-pending"  // no line waits for a restart
	RuleRecycle    Rule = "reload-recycles"  // a RELOAD recycles no connection
	RuleSignal     Rule = "signal"           // each signal can be read, is fresh, and below its hold level
	RulePrometheus Rule = "prometheus"       // Prometheus answers, and scrapes the targets that the config names
	RuleCommand    Rule = "command"          // hooks and commands of switches, stores and mirror can be run
	RuleLimit      Rule = "limit-below-size" // no limit is below what the pools under it may have
	RuleUserSize   Rule = "user-size"        // no size of a user stands in for a line
	RuleRendered   Rule = "render-pending"   // no size waits in a file of which a tool renders that of a process
	RuleAlert      Rule = "alert"            // no planned size makes the constant of an alert false or blind
	RuleEvidence   Rule = "evidence"         // the samples are enough for a plan
	RuleBudget     Rule = "over-budget"      // the worst case of today is within the budget
	RuleClients    Rule = "client-limit"     // the clients of a shift find room
	RuleBurst      Rule = "client-burst"     // and do, where all of them come at once
	RulePlan       Rule = "plan"             // there are sizes that keep every promise
)

// By returns err as found by a rule; nil stays nil. What a rule within err has found is that rule's.
func By(rule Rule, err error) error {
	if err == nil {
		return nil
	}
	return &found{rule, err}
}

type found struct {
	rule Rule
	err  error
}

// Error is the text of what was found.
func (f *found) Error() string { return f.err.Error() }

// Unwrap returns what was found.
func (f *found) Unwrap() error { return f.err }

// Each goes through the errors that err joins, in their order, each with the rule that has found it: the innermost of
// By; empty where no rule has. It goes through none where err is nil.
func Each(err error) iter.Seq2[Rule, error] {
	return func(yield func(Rule, error) bool) { each("", err, yield) }
}

func each(rule Rule, err error, yield func(Rule, error) bool) bool {
	if err == nil {
		return true
	}
	if f, is := any(err).(*found); is {
		return each(f.rule, f.err, yield)
	}
	if several, is := any(err).(interface{ Unwrap() []error }); is {
		for _, one := range several.Unwrap() {
			if !each(rule, one, yield) {
				return false
			}
		}
		return true
	}
	within := err // a text around it, or a subject
	for f, is := errors.AsType[*found](within); is; f, is = errors.AsType[*found](within) {
		rule, within = f.rule, f.err
	}
	return yield(rule, err)
}
