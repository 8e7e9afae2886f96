package check

import "github.com/pgbudget/pgbudget/planner/operr"

// Severity says what a finding does.
type Severity string

// The severities.
const (
	Stops    Severity = "stops"    // a step, a run or a rollback would be refused or held, or would fail
	Misleads Severity = "misleads" // a plan may be wrong, or another step than the next would be refused
)

// Entry is a rule with what it does where it is broken.
type Entry struct {
	Rule     operr.Rule `json:"rule"`
	Severity Severity   `json:"severity"`
	Means    string     `json:"means"` // what is so on a fleet without a finding
}

// Rules are all rules, in the order in which they are asked.
func Rules() []Entry {
	return []Entry{
		{operr.RuleConfig, Stops,
			"the config has what a step needs: `journal:`, `config:` of each process, `dsn:` of each server"},
		{operr.RuleAddress, Stops, "each DSN leads to what it is said to lead to, and no two of them to the same"},
		{operr.RuleLogin, Stops, "every console and every server answers in time, and lets its user in"},
		{operr.RuleRights, Stops, "the console's user may SHOW and RELOAD, and the role may see every backend"},
		{operr.RuleAlone, Stops, "no other pgbudget is at work on this fleet or writes this journal"},
		{operr.RuleJournal, Stops, "the journal can be read; no step and no rollback is left in it, and none is provisional"},
		{operr.RulePause, Stops, "nobody has paused"},
		{operr.RuleWindow, Stops, "`policy.windows` lets a step begin now"},
		{operr.RuleCommand, Stops, "the commands of hooks, switches, `via`, stores and mirror are there and may be run"},
		{operr.RuleDrift, Stops, "servers, processes and sizes are those that the journal expects"},
		{operr.RuleFile, Stops, "each pgbouncer.ini can be read, and its process could load it"},
		{operr.RuleConffile, Stops, "the file of the config is the one that the process reads"},
		{operr.RuleWrite, Stops, "each file can be replaced exactly as a step does it"},
		{operr.RuleManaged, Stops, "nothing else writes a file"},
		{operr.RuleShared, Stops, "no process of another group reads a file"},
		{operr.RulePending, Stops, "a RELOAD would change nothing but our sizes"},
		{operr.RuleRecycle, Stops, "a RELOAD recycles no server connection, or `policy.accept` takes it"},
		{operr.RuleSignal, Stops, "each signal can be read, is fresh, and is below its hold level"},
		{operr.RulePrometheus, Misleads, "Prometheus answers, and knows the targets that the config names"},
		{operr.RuleEvidence, Stops, "the samples are enough for a plan"},
		{operr.RuleBudget, Stops, "the worst case of today's settings is within each server's budget"},
		{operr.RulePlan, Stops, "there are sizes that keep every promise"},
		{operr.RuleClients, Stops, "the clients that a shift brings find room under every limit of clients that is known"},
		{operr.RuleBurst, Misleads, "and do, where all of them come at its first percentage and pick processes at random"},
		{operr.RuleRestart, Misleads, "no line of a file waits for a restart"},
		{operr.RuleLimit, Misleads, "no limit is below what the pools under it may open"},
		{operr.RuleRendered, Stops, "no size waits in a databases.json of Omnibus for the next failover"},
		{operr.RuleAlert, Misleads, "no planned size makes the constant of an alert false or blind"},
		{operr.RuleUserSize, Misleads, "no size of a user of [users] stands in for the size of a pool that may be sized"},
	}
}

// severityOf is that of a rule; one that is not in the list stops a step.
func severityOf(rule operr.Rule) Severity {
	for _, e := range Rules() {
		if e.Rule == rule {
			return e.Severity
		}
	}
	return Stops
}
