package verdict

// sentences are the texts of reasons: one for each code, with its subject, where it has one, and its arguments. They
// are the only place in which a reason is worded. The exceptions are texts that come in as arguments: what a console, a
// file or a server said, and the certificate of a plan or a path (NoPlan, NoPath), which brings its numbers with it.
var sentences = map[Code]string{
	// What counters say of a soak after traffic was shifted.
	Surprise: "at %d %% the receiving pool carries %.3g %% of the load of both, %.3g to %.3g %% were " +
		"expected",
	NoLoad:         "%s",
	NothingCarried: "neither pool has any load",
	NothingComes: "at %d %% a fraction of at most %.3g can have moved, by %s; at least %.3g was expected (if the " +
		"measurement is right, correct fraction: in the config)",
	LoadUnknown: "%s: %s",
	PoolFull:    "%s was full: the counters show its size, not its demand",
	TooFewXacts: "%d transactions are too few (%d needed)",
	NotConserved: "confounded: the two pools together carry %.3g × what they did at %d %%, and the others " +
		"%.3g ×",
	TakenBack:    "taken back: %v",
	NothingMoved: "the traffic switch of %s reports %d %%, and no load moved: %v",
	// What counters say of a traffic change.
	FewSamples:  "%d samples before and %d after the traffic change are too few",
	SwitchStays: "the switch stays at %d %%: no load could move",
	NoXacts:     "no transaction came to either pool, before the traffic change or after",
	NoXactsToMove: "no transaction came to the giving pool before the traffic change, so the number to move is not " +
		"known",
	Figures:   "%v ± %v transactions/s, %v to %v expected",
	TooWeak:   "%v, power %.0f %%",
	LongXacts: "its transactions take %v, and samples cover only %v",
	BothChanged: "both pools together changed by %v ± %v transactions/s at the traffic change: another cause is at " +
		"work",
	MoreThanMoves:  "%v: more than the switch explains",
	OppositeChange: "%v: in the opposite direction",
	// What a journal knows of a fleet that is not the one it is about.
	ServerReplaced: "server %s is another PostgreSQL (system identifier %s) than the journal's (%s)",
	Renumbered: "%s is at %s now, where %s was when pgbudget last changed the fleet: list the consoles in the earlier " +
		"order",
	ProcessMissing: "pgbudget changed %s earlier and no longer observes it: if the process still runs, no ledger " +
		"counts its connections",
	WhoIsLeft: "%s is at %s now and was at %s when pgbudget changed it: which processes of %s are left is not known, " +
		"and their sizes differed",
	// What the evidence of loads leaves out.
	IntervalOut:   "%s: %v",
	LeftOut:       "%v between %s and %s: this interval is left out",
	CountersBack:  "counters went backwards (%s %d -> %d)",
	ConsoleLost:   "the session with its console was lost: the counters may have started again",
	AnsweredLate:  "its console answered the second sample no later than the first",
	NotShown:      "the pool was not shown for a while, and its counters may have started again,",
	UserPoolWent:  "the pool of %s went, and its part of the counters with it,",
	UserPoolsWent: "the pools of %s went, and their part of the counters with them,",
	ProcessGone:   "%s no longer answers: its worst case still counts",
	AliasGone:     "%s no longer exists: its worst case still counts",
	// Why nothing is known of a pool's load, or too little to size the pool.
	NoInterval:    "no usable interval of %s among %v",
	NoIntervalFor: "no usable interval of %s among %v: %v",
	NeverServed:   "%s: nothing served its clients during all samples",
	AlwaysPaused:  "%s: it was paused or disabled during all samples",
	NeverShown:    "no console shows it",
	FewForHold:    "%d transactions in %v are too few to know how long one holds its connection (%d needed)",
	FewForSize:    "%d transactions in %v are too few to size it by (%d needed)",
	// Why a pool keeps its size.
	NotListed: "not listed under pools:",
	DayUnknown: "its class is throttle, and what a whole day asks of it is not known: prometheus: shows it where its " +
		"queue ends once in any 24 hours, load: declares it",
	SeveralServers: "its connections may be opened on several servers",
	DatabaseOfStar: "the pool seems to be a database of the line *, whose size is default_pool_size",
	LineMissing:    "some processes of the group have no line for this pool",
	SizeZero:       "pool_size is 0 in %s, so a step could not be rolled back; write a pool_size of 1 or more",
	SizesOfUsers: "pool_size %d of the line has no effect: each user has a pool_size of its own, with its reserve " +
		"(%s)",
	SwitchUnchanged: "a rollback leaves this switch unchanged",
	// Why a worst case is a bound and not exact.
	ReservesDiffer: "the reserves of %s differ between its processes, and the largest counts",
	LineGuessed:    "%s: %s",
	SizesInDoubt:   "sizes of users are in doubt",
	LimitUnproved: "%[2]s of users in %[1]s is not relied on: before PgBouncer 1.23 no console shows a user's own " +
		"larger " +
		"limit; config: of the process lets pgbudget read the file",
	LimitSeveral: "%[2]s of users in %[1]s is not relied on where connections may be opened on several servers",
	LimitsCross:  "limits of users and of databases cross in %s, and more is open than one of them allows",
	FewerWouldDo: "%d planned connections would do instead of %d, by the limits of users and today's open connections",
	// Drift: what of the fleet the journal does not explain.
	LineGone: "%s no longer has %s, while the step in hand changes its %s",
	LineOfStep: "%[2]s of %[3]s in %[1]s is %[4]d; the step in hand changes it from %[5]d to %[6]d: " +
		"somebody else wrote this value",
	LineEarly: "%[2]s of %[3]s in %[1]s is %[4]d before it was asked for: on %[5]s the worst case is %[6]d, and the " +
		"budget %[7]d",
	LineAsked: "%[2]s of %[3]s in %[1]s is %[4]d; the journal expects %[5]d since %[6]s: somebody made another change " +
		"by hand",
	LineStray: "%[2]s of %[3]s in %[1]s is %[4]d; the journal expects %[5]d since %[6]s: somebody made request %[7]d, " +
		"which was called off at %[8]s",
	LineChanged:   "%[2]s of %[3]s in %[1]s is %[4]d; pgbudget wrote %[5]d at %[6]s: somebody else changed the value",
	PoolGone:      "%s, which the plan changes, no longer exists",
	ShiftGone:     "the step in hand shifts the traffic of %s, and the config no longer has this shift",
	SwitchEarly:   "the traffic of %s was set to %d %% before the sizes for it are in force; set it back to %d %%",
	SwitchChanged: "the traffic switch of %s reports %d %%, the journal has %d %%: somebody else changed the switch",
	// Signals of a server.
	SignalUnknown: "%[2]s of %[1]s is not known: %[3]v",
	NoSuchSignal:  "no signal of this name was read",
	SeveralSeries: "%d series where one is expected",
	SignalError:   "%s",
	NoNumber:      "the value is %v",
	SignalOld:     "the newest sample is %v old, want at most %v",
	SignalAhead:   "the newest sample is %v in the future: a clock is wrong",
	SignalAborts:  "%[2]s %[3]s > %[4]s on %[1]s",
	SignalHolds:   "%[2]s %[3]s > %[4]s on %[1]s",
	SignalResumes: "%[2]s %[3]s, resumes at %[4]s on %[1]s",
	SignalLow:     "%[2]s of %[1]s is low for %[3]d of %[4]s",
	// Waiting, as samples show it.
	ClientWaits:   "a client of %s in %s has waited %v > %v",
	PoolWaits:     "%s waits %v ± %v on average in %s > %v (%d transactions since %s)",
	QueueGrows:    "the queue of %s grows from sample to sample: %d clients",
	ServerPaused:  "%s: %s completed in %.1f s, usually %.0f: the pool stalls, and no lack of connections is seen so far",
	AutoDBPaused:  "a database of * is paused in %s: RESUME and its name on the console end that",
	AliasPaused:   "%[2]s is paused in %[1]s: RESUME %[2]s on its console ends that",
	AliasDisabled: "%[2]s is disabled in %[1]s: ENABLE %[2]s on its console ends that",
	InUse:         "%[2]s in %[1]s has %[3]s in use, above %[4].3g of the %[5]d connections after the release",
	// The drain of a release.
	TwoSamples:        "a drain must be seen in two samples",
	StillOpen:         "%s has %s open above its target",
	WasOpen:           "%s had %s open above its target at the last sample: a drain must be seen in two samples",
	NotDrained:        "%[2]v, %[3]v after the release",
	TurnoverPins:      "%d of %s are above the target, and clients reuse each connection as soon as it is free",
	PoolsSessions:     "the pool pools sessions: an idle client keeps its connection",
	IdleInTransaction: "backend %d of %s (%s) has been idle in transaction for %v",
	// The soak of a step.
	UnseenThere:  "%v; until then no sample shows this step",
	SamplesApart: "the soak is interrupted: the newest samples are %v apart, want at most %v",
	Measuring:    "the load that has moved is measured",
	Unsoaked:     "without a soak",
	// What does not fit, and where no step leads.
	NoRoom:      "server %s: %v: the worst case would be %d of %v, %d now",
	NoRoomUnder: "%[2]v: %[1]s: %[3]v would count under this limit, %[4]d now",
	OverBudget: "%s: the worst case of today's sizes is %s, %d over the budget of %d; pgbudget plan " +
		"shows the ledger",
	Outsized:         "%s: these sizes come to %s, %d more than the budget of %d",
	AboveMax:         "%s goes back to %d, above its max: %d",
	LineAboveMax:     "%s goes back to %d in %s, above its max: %d",
	NoRoomToEqualise: "the processes of %s have different sizes, and there is no room to make them the same",
	NotMade:          "nobody has made the change everywhere within %v: %v",
	MayBeMade:        "%v was called off and may be made all the same, and then %v",
	NoLongerFits:     "the action no longer fits, or is refused now",
	NotNow:           "the action is refused now",
	BackInPart:       "the rest cannot be taken back within the budget",
	BackNoRoom:       "the step cannot be taken back within the budget: %v",
	SizeStays:        "%s stays at %d: %v",
	ReserveStays:     "the reserve of %s stays at %d: %v",
	FromTo:           "%s from %d to %d",
	PathBarred: "%[2]v first: the next step needs room under %[1]s: %[3]v are left, and one more of %[4]s takes " +
		"%[5]d; pgbudget plan makes a new plan",
	PathShort: "%[2]v first: the next step needs %[3]v more, and %[4]d of the budget of %[5]d on %[1]s are spare: use " +
		"has grown since the plan; pgbudget plan makes a new plan",
	UnitFrees:   "one fewer on %s frees %v, more than the step's share of the budget",
	UnitCosts:   "one more on %s costs %v, more than the step's share of the budget",
	NoPlan:      "%[2]v",
	NoPlanThere: "the traffic has reached its goal, and no plan exists for this percentage: %[2]v",
	NoPath:      "%[3]v",
	NoPathBut:   "%[3]v; to make it possible: %[4]v",
	NoFurther: "the traffic switch is between its start and its goal, no size is left to change, and today's sizes " +
		"serve no further percentage",
	LaterShift: "traffic of %s is at %d %%, and its fraction refers to the load that %s leaves: set the switch to 0 %% " +
		"first",
	LineNotBack: "%[2]s of %[3]s in %[1]s is %[4]d, and was %[5]d before",
	// How a step, or the run, goes on and ends.
	AsPlanned:    "the sizes equal the plan's",
	AsBefore:     "the sizes equal those before the steps",
	StepsDone:    "%d of %d steps",
	StepBack:     "the step is taken back",
	TrafficBack:  "the traffic is back",
	TrafficThere: "the traffic has reached its goal",
	SoakAfterAbort: "a step was taken back: %v; the next step is half as large and begins after a soak (%d of %d aborts " +
		"in a row; the last ends the run)",
	LeftBehind:  "%s: %v",
	RestLeft:    "%v; pgbudget rollback takes the rest back once enough connections are spare",
	RestTrimmed: "the rest of the step was given up: %v",
	LoadGrown: "the load of %s is %.3g Erlangs (%.3g to %.3g), and was planned for as %.3g (%.3g to " +
		"%.3g)",
	WindowsClosed: "the time is %s, outside of the windows (%s)",

	PeakNotCarried:   "step %d is provisional, and %v",
	StillProvisional: "step %d is provisional until %s",
	NoneProvisional:  "no step is provisional",
	PeakUnwatched:    "nobody watched step %d for %v at a time, which may be %v: its peak may have come unseen",
	// Traffic switches.
	ByHand: "by hand",
	SetSwitchNow: "set the traffic of %s from %d to %d %% now: pgbudget waits until the switch reports the new " +
		"percentage",
	SwitchNotSet:     "nobody set the traffic of %s to %d %% within %v",
	StillSays:        "the traffic of %s was set to %d %%, and its switch still reports %d %%",
	SwitchUnknown:    "the percentage of the traffic switch of %s is not known: %v",
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
	PlanOutgrown:   "%v; the reviewed plan was made for less",
	AskedToStop:    "asked to stop",
	LineLost:       "the line is gone, and its lifetime with it",
	LockTaken:      "the session that held the lock was lost; nobody had taken it, and it is held again",
	// What a person says or decides, and notes; notes decide nothing.
	PausedBy:           "paused by %s",
	PausedWithoutWords: "paused by an empty file, %s",
	PauseUnread:        "paused: %v",
	UntilOver:          "--until %s is over",
	Unasked: "nothing was to be done when the fleet was observed, and now a change is due: run the command again to " +
		"confirm the change",
	AbortAsked:     "asked by %s",
	AbortedIdle:    "%v; no step was in hand",
	SettingsAsked:  "%s, by %s",
	SettingsUnread: "settings that were asked for are ignored: %s: %v",
	Watches:        "no step begins",
	Note:           "%s",
	SeenFirst:      "seen for the first time: %s",
}
