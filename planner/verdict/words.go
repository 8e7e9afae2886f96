package verdict

// sentences are the texts of reasons: one for each code, with its subject, where it has one, and its arguments. They
// are the only place in which a reason is worded. The exceptions are texts that come in as arguments: what a console, a
// file or a server said, and why a budget, a plan or a path has no room (NoRoom, NoPlan, NoWay).
var sentences = map[Code]string{
	// What counters say of a soak after traffic was shifted.
	Surprise: "at %d %% the receiving pool carries %.3g %% of the load of both, %.3g to %.3g %% were " +
		"expected",
	NoLoad:         "%s",
	NothingCarried: "neither pool carries anything",
	NothingComes: "at %d %% a fraction of at most %.3g can have moved, by %s; %.3g at least was believed " +
		"(write another fraction: where that is what is true)",
	LoadUnknown: "%s: %s",
	PoolFull:    "%s was full: it shows its size, and not what it is asked to carry",
	TooFewXacts: "%d transactions are too few (%d needed)",
	NotConserved: "confounded: the two pools together carry %.3g × what they did at %d %%, and the others " +
		"%.3g ×",
	TakenBack:    "taken back: %v",
	NothingMoved: "the traffic switch of %s says %d %%, and nothing moved: %s",
	// What a journal knows of a fleet that is not the one it is about.
	ServerReplaced: "server %s is another PostgreSQL (system identifier %s) than the one that the journal is " +
		"about (%s)",
	Renumbered: "%s is at %s now, where %s was when the fleet was moved before: give the consoles in the " +
		"order of before",
	ProcessMissing: "%s was moved before and is not observed any more: if it still runs, its connections are " +
		"in no ledger",
	WhoIsLeft: "%s is at %s now, and was at %s when it was moved: which of the processes of %s are left " +
		"cannot be told, and their sizes were not alike",
	// Drift: what of the fleet the journal does not explain.
	LineGone: "%s no longer has %s, whose %s is being changed",
	LineOfStep: "%[2]s of %[3]s in %[1]s is %[4]d: the step in hand takes it from %[5]d to %[6]d, so " +
		"somebody else wrote it",
	LineChanged: "%[2]s of %[3]s in %[1]s is %[4]d, and was written as %[5]d at %[6]s: somebody else " +
		"changed it",
	PoolGone:  "%s, which is to be moved, is no longer there",
	ShiftGone: "the step in hand turns the traffic of %s, which the config no longer has",
	TurnedEarly: "the traffic of %s was turned to %d %% before the sizes for it stand; turn it back to %d " +
		"%%",
	SwitchChanged: "the traffic switch of %s says %d %%, and the journal %d %%: somebody else turned it",
	// Signals of a server.
	SignalUnknown: "%[2]s of %[1]s is not known: %[3]v",
	NoSuchSignal:  "there is no such signal",
	SeveralSeries: "%d series where one is expected",
	SignalError:   "%s",
	NoNumber:      "it reads %v",
	SignalOld:     "its newest sample is %v old, more than %v",
	SignalAhead:   "its newest sample is %v in the future: a clock is wrong",
	SignalAborts:  "%[2]s %[3]s > %[4]s on %[1]s",
	SignalHolds:   "%[2]s %[3]s > %[4]s on %[1]s",
	SignalResumes: "%[2]s %[3]s, resumes at %[4]s on %[1]s",
	SignalLow:     "%[2]s of %[1]s is low for %[3]d of %[4]s",
	// Waiting, as samples show it.
	ClientWaits: "a client of %s in %s has waited %v > %v",
	PoolWaits:   "%s waits %v ± %v on average in %s > %v (%d transactions since %s)",
	QueueGrows:  "the queue of %s grows from sample to sample: %d clients",
	ServerPaused: "%s: %s completed in %.1f s where %.0f usually do: a pause, and no lack of connections " +
		"so far",
	AutoDBPaused:  "a database of * is paused in %s: RESUME and its name on the console end that",
	AliasPaused:   "%[2]s is paused in %[1]s: RESUME %[2]s on its console ends that",
	AliasDisabled: "%[2]s is disabled in %[1]s: ENABLE %[2]s on its console ends that",
	InUse:         "%[2]s in %[1]s has %[3]s in use, above %[4].3g of the %[5]d that it would have",
	// The drain of a release.
	TwoSamples: "a drain is seen by two samples",
	StillOpen:  "%s has %s more open than it may have",
	WasOpen: "%s had %s more open at the sample before than it may have: a drain is seen by two " +
		"samples",
	NotDrained:        "%v, %v after the release",
	TurnoverPins:      "%d of %s are too many, and clients take each one up as it is given back",
	PoolsSessions:     "it pools sessions, and a client that does nothing keeps its connection",
	IdleInTransaction: "backend %d of %s (%s) has been idle in transaction for %v",
	// The soak of a step.
	UnseenThere: "%v; until then nothing of the step can be seen there",
	SamplesApart: "the soak does not go on: the newest samples lie %v apart, and only what is seen every " +
		"%v at least is watched",
	Measuring: "what has moved is measured",
	Unsoaked:  "without a soak",
	// What does not fit, and where no step leads.
	NoRoom: "%v",
	OverBudget: "%s: the worst case of today's sizes is %s, %d over the budget of %d; pgbudget plan " +
		"shows the ledger",
	Outsized:         "%s: these sizes come to %s, %d more than the budget of %d",
	AboveMax:         "%s goes back to %d, above its max: %d",
	LineAboveMax:     "%s goes back to %d in %s, above its max: %d",
	NoRoomToEqualise: "the processes of %s have different sizes, and there is no room to make them the same",
	NoLongerFits:     "it no longer fits, or may not be done now",
	NotNow:           "it may not be done now",
	BackInPart:       "more of the way back does not fit",
	BackNoRoom:       "the way back does not fit: %v",
	SizeStays:        "%s stays at %d: %v",
	ReserveStays:     "the reserve of %s stays at %d: %v",
	FromTo:           "%s from %d to %d",
	WayBarred: "the way to the plan, %v first, is barred by %s: %s are left under it, and one more of " +
		"%s takes %d; plan again",
	WayShort: "the way to the plan, %[2]v first, needs %[3]s more, and %[4]d of the budget of %[5]d on " +
		"%[1]s are spare: something takes connections that were free when it was planned; plan " +
		"again",
	NoPlan:      "%v",
	NoPlanThere: "the traffic is where it was to go, and there is no plan for it there: %v",
	NoWay:       "%v",
	NoWayBut:    "%v; what would do: %s",
	NoFurther: "traffic is on its way, and there is neither a size to change for it nor a percentage " +
		"that today's sizes serve",
	LaterShift: "traffic of %s stands at %d %%, and its fraction is of what %s leaves: bring it back to " +
		"0 %% first",
	LineNotBack: "%[2]s of %[3]s in %[1]s is %[4]d, and was %[5]d before",
	// How a step, or the run, goes on and ends.
	AsPlanned:    "the sizes are those of the plan",
	AsBefore:     "the sizes are those of before",
	StepsDone:    "%d of %d steps",
	StepBack:     "the step is back",
	TrafficBack:  "the traffic is back",
	TrafficThere: "the traffic is where it was to go",
	SoakAfterAbort: "a step was taken back: %v; the next, half as large, is tried after a soak (%d of %d in " +
		"a row end the run)",
	LeftBehind:  "%s: %v",
	RestLeft:    "%v; pgbudget rollback gives the rest back once there is room",
	RestTrimmed: "the rest of the step was given up: %v",
	LoadGrown: "the load of %s is %.3g Erlangs (%.3g to %.3g), and was planned for as %.3g (%.3g to " +
		"%.3g)",
	WindowsClosed: "it is %s, outside of the windows (%s)",
	Both:          "%v; %v",
	// Traffic switches.
	ByHand:           "by hand",
	TurnNow:          "turn the traffic of %s from %d to %d %% now: this waits until the switch says so",
	NobodyTurned:     "nobody turned the traffic of %s to %d %% within %v",
	StillSays:        "the traffic of %s was turned to %d %%, and its switch still says %d %%",
	SwitchUnknown:    "what the traffic switch of %s says is not known: %s",
	SwitchWasUnknown: "nobody knew where the switch of %s was while the loads were measured: run again",
	// What a run meets beside its decisions.
	ActionFailed:   "%s",
	NotPossible:    "%s",
	FilesDiffer:    "%s",
	NoPicture:      "%s",
	NotAlone:       "%s",
	NotCounted:     "%s",
	NotPlanned:     "%v; it cannot be planned for: %v",
	NoPlanForLoads: "%v; for these loads there is no plan: %v",
	AskedToStop:    "asked to stop",
	LineLost:       "the line is gone, and its lifetime with it",
	LockTaken:      "the session that held the lock was lost; nobody had taken it, and it is held again",
	// What a person says or decides, and notes; notes decide nothing.
	PausedBy:           "paused by %s",
	PausedWithoutWords: "paused by a file without words, %s",
	PauseUnread:        "paused: %v",
	UntilOver:          "--until %s is over",
	Unasked: "there was nothing to do when the fleet was observed, and now there is: run it again, " +
		"and it asks",
	Note:      "%s",
	SeenFirst: "seen for the first time: %s",
}
