package verdict

// What counters say of a soak after traffic was shifted.
const (
	Surprise       Code = "share not expected" // percent that the switch says, percent seen, lower, upper
	NoLoad         Code = "no load"            // the error of the estimate
	NothingCarried Code = "nothing carried"
	NothingComes   Code = "nothing comes"  // percent, fraction at most, its method, fraction expected at least
	LoadUnknown    Code = "load not known" // pool, why
	PoolFull       Code = "pool full"      // pool
	TooFewXacts    Code = "too few"        // transactions, and how many are needed
	NotConserved   Code = "confounded"     // load of both pools as a ratio, percent of before, ratio of the others
	TakenBack      Code = "taken back"     // why
	NothingMoved   Code = "nothing moved"  // shift, percent, Figures or its like
)

// What counters say of a traffic change; learn.Judgement has one of them. Rates are transactions per second.
const (
	FewSamples     Code = "few samples"             // samples before, samples after
	SwitchStays    Code = "switch stays"            // percent
	NoXacts        Code = "no transactions"         // to either pool
	NoXactsToMove  Code = "no transactions to move" // to the giving pool
	Figures        Code = "figures"                 // rate that moved, its deviation twice, least and most expected
	TooWeak        Code = "too weak"                // Figures, power in percent
	LongXacts      Code = "long transactions"       // how long they take, how long the samples cover
	BothChanged    Code = "both pools changed"      // rate of both together, its deviation twice
	MoreThanMoves  Code = "more than moves"         // Figures
	OppositeChange Code = "opposite change"         // Figures
)

// What a journal knows of a fleet that is not the one it is about.
const (
	ServerReplaced Code = "server replaced"    // server, its system identifier, that of before
	Renumbered     Code = "process renumbered" // process, console, which process was there
	ProcessMissing Code = "process missing"    // process
	WhoIsLeft      Code = "who is left"        // process, console, console of before, group
)

// What the evidence of loads leaves out.
const (
	IntervalOut   Code = "interval left out"     // process/alias, LeftOut
	LeftOut       Code = "left out"              // one of the next, from when, to when
	CountersBack  Code = "counters backwards"    // counter, its value before, its value after
	ConsoleLost   Code = "console lost"          // between the two samples
	AnsweredLate  Code = "answered no later"     // the second sample than the first
	NotShown      Code = "not shown for a while" // a pool
	UserPoolWent  Code = "pool of a user went"   // user
	UserPoolsWent Code = "pools of users went"   // users
	ProcessGone   Code = "process gone"          // process
	AliasGone     Code = "alias gone"            // process/alias
)

// Why nothing is known of a pool's load, or too little to size the pool.
const (
	NoInterval    Code = "no usable interval"    // process/alias or pool, samples
	NoIntervalFor Code = "no usable interval as" // process/alias, samples, LeftOut
	NeverServed   Code = "never served"          // process/alias
	AlwaysPaused  Code = "always paused"         // process/alias
	NeverShown    Code = "never shown"           // by a console
	FewForHold    Code = "too few for a hold"    // transactions, in how long, transactions needed
	FewForSize    Code = "too few for a size"    // transactions, in how long, transactions needed
)

// Why a pool keeps its size.
const (
	NotListed       Code = "not listed"
	DayUnknown      Code = "load of a day not known"
	SeveralServers  Code = "several servers"
	DatabaseOfStar  Code = "database of *"
	LineMissing     Code = "line missing"
	SizeZero        Code = "pool_size 0"    // process
	SizesOfUsers    Code = "sizes of users" // pool_size of the line, the users with their sizes
	SwitchUnchanged Code = "switch unchanged"
)

// Why a worst case is a bound and not exact.
const (
	ReservesDiffer Code = "reserves differ" // pool
	LineGuessed    Code = "line guessed"    // pool, what is not known
	SizesInDoubt   Code = "sizes in doubt"
	LimitUnproved  Code = "limit not proved"   // process, kind of the limit
	LimitSeveral   Code = "limit over servers" // process, kind of the limit
	LimitsCross    Code = "limits cross"       // process
	FewerWouldDo   Code = "fewer would do"     // connections that would do, connections counted
)

// Drift: what of the fleet the journal does not explain.
const (
	LineGone   Code = "line gone"        // process, alias, key
	LineOfStep Code = "line of the step" // process, key, alias, value now, from, to
	LineEarly  Code = "line early"       // process, key, alias, value now, server, worst case, budget
	LineAsked  Code = "line asked"       // process, key, alias, value now, value expected, since when
	// process, key, alias, value now, value expected, since when, request, when it was called off
	LineStray     Code = "line stray"
	LineChanged   Code = "line changed"   // process, key, alias, value now, value written, when
	PoolGone      Code = "pool gone"      // pool
	ShiftGone     Code = "shift gone"     // shift
	SwitchEarly   Code = "switch early"   // shift, percent now, percent of the journal
	SwitchChanged Code = "switch changed" // shift, percent now, percent of the journal
)

// Signals of a server.
const (
	SignalUnknown Code = "signal not known" // server, signal, why: one of the next
	NoSuchSignal  Code = "no such signal"
	SeveralSeries Code = "several series"       // how many
	SignalError   Code = "signal error"         // the error
	NoNumber      Code = "no number"            // what is read
	SignalOld     Code = "signal old"           // age, age at most
	SignalAhead   Code = "signal of the future" // how far
	SignalAborts  Code = "signal aborts"        // server, signal, value, level
	SignalHolds   Code = "signal holds"         // server, signal, value, level
	SignalResumes Code = "signal resumes"       // server, signal, value, level
	SignalLow     Code = "signal low"           // server, signal, samples that are low, of how many
)

// Waiting, as samples show it.
const (
	ClientWaits   Code = "client waits"         // pool, process, its wait, the longest allowed
	PoolWaits     Code = "pool waits"           // pool, mean, twice its deviation, process, limit, transactions, since
	QueueGrows    Code = "queue grows"          // pool, the queue at each sample
	ServerPaused  Code = "server paused"        // pool or server, transactions completed, in seconds, usually
	AutoDBPaused  Code = "database of * paused" // process
	AliasPaused   Code = "alias paused"         // process, alias
	AliasDisabled Code = "alias disabled"       // process, alias
	InUse         Code = "in use"               // process, alias, connections in use, share allowed, of how many
)

// The drain of a release.
const (
	TwoSamples        Code = "two samples"
	StillOpen         Code = "still open"    // pool, connections too many
	WasOpen           Code = "was open"      // pool, connections too many
	NotDrained        Code = "not drained"   // pool, StillOpen or WasOpen, how long after the release
	TurnoverPins      Code = "turnover pins" // connections too many, connections open
	PoolsSessions     Code = "pools sessions"
	IdleInTransaction Code = "idle in transaction" // backend, user, application, for how long
)

// The soak of a step.
const (
	UnseenThere  Code = "unseen there"  // AliasPaused or its like
	SamplesApart Code = "samples apart" // how far apart, how far at most
	Measuring    Code = "measuring"
	Unsoaked     Code = "without a soak"
)

// What does not fit, and where no step leads.
const (
	NoRoom           Code = "no room"             // server, lines that would grow, worst case then, budget, worst case now
	NoRoomUnder      Code = "no room under"       // limit, lines that would grow, connections then, connections now
	OverBudget       Code = "over budget"         // server, worst case, how much too many, budget
	Outsized         Code = "outsized"            // server, worst case, how much too many, budget
	AboveMax         Code = "above max"           // pool, size, max
	LineAboveMax     Code = "line above max"      // pool, size, process, max
	NoRoomToEqualise Code = "no room to equalise" // pool
	NotMade          Code = "not made"            // how long it was waited for, what lacks
	MayBeMade        Code = "may be made"         // requests, the reason of what they would break
	NoLongerFits     Code = "no longer fits"
	NotNow           Code = "not now"
	BackInPart       Code = "back in part"
	BackNoRoom       Code = "no room to go back" // NoRoom or its like
	SizeStays        Code = "size stays"         // pool, size, why its release was wrong
	ReserveStays     Code = "reserve stays"      // pool, reserve, why its release was wrong
	FromTo           Code = "from to"            // pool, size, size
	PathBarred       Code = "path barred"        // limit, FromTo, connections left under it, pool, connections of one more
	PathShort        Code = "path short"         // server, FromTo, connections short, spare, budget
	UnitFrees        Code = "unit frees"         // pool, connections that one fewer frees
	UnitCosts        Code = "unit costs"         // pool, connections that one more costs
	NoPlan           Code = "no plan"            // server, the certificate: connections short, needed, there
	NoPlanThere      Code = "no plan there"      // as NoPlan
	NoPath           Code = "no path"            // shift, percent, the certificate: connections short
	NoPathBut        Code = "no path but"        // as NoPath, and what would make it possible
	NoFurther        Code = "no further share"
	LaterShift       Code = "later shift"   // shift, percent, shift
	LineNotBack      Code = "line not back" // process, key, alias, value now, value before
)

// How a step, or the run, goes on and ends.
const (
	AsPlanned      Code = "as planned"
	AsBefore       Code = "as before"
	StepsDone      Code = "steps done" // steps, of how many
	StepBack       Code = "step back"
	TrafficBack    Code = "traffic back"
	TrafficThere   Code = "traffic there"
	SoakAfterAbort Code = "soak after an abort" // why, aborts in a row, how many end the run
	LeftBehind     Code = "left behind"         // the lines, why
	RestLeft       Code = "rest left"           // LeftBehind
	RestTrimmed    Code = "rest trimmed"        // why
	LoadGrown      Code = "load grown"          // pool, Erlangs now, lower, upper, planned for, lower, upper
	WindowsClosed  Code = "windows closed"      // times, windows

	PeakNotCarried   Code = "peak not carried"  // the step's number, why
	StillProvisional Code = "still provisional" // the step's number, until when
	NoneProvisional  Code = "none provisional"
	PeakUnwatched    Code = "peak not watched" // the step's number, for how long nobody did, for how long at most
)

// Traffic switches.
const (
	ByHand           Code = "by hand"
	SetSwitchNow     Code = "set switch now"       // shift, percent now, percent wanted
	SwitchNotSet     Code = "switch not set"       // shift, percent wanted, for how long
	StillSays        Code = "still says"           // shift, percent wanted, percent now
	SwitchUnknown    Code = "switch not known"     // shift, why
	SwitchWasUnknown Code = "switch was not known" // shift
)

// What a run meets beside its decisions.
const (
	ActionFailed   Code = "action failed"     // what it met
	NotPossible    Code = "not possible"      // why the lines of a step could not be changed
	FilesDiffer    Code = "files differ"      // what the files say
	NoPicture      Code = "no picture"        // what did not answer, or answers wrongly
	NotAlone       Code = "not alone"         // who is
	NotCounted     Code = "not counted"       // why a sample cannot be counted
	NotPlanned     Code = "not planned"       // LoadGrown or its like, why
	NoPlanForLoads Code = "no plan for loads" // LoadGrown or its like, why
	PlanOutgrown   Code = "plan outgrown"     // LoadGrown or its like
	AskedToStop    Code = "asked to stop"
	LineLost       Code = "line lost"
	LockTaken      Code = "lock taken again"
)

// What a person says or decides, and notes; notes decide nothing.
const (
	PausedBy           Code = "paused by"            // who, and why, as the file says
	PausedWithoutWords Code = "paused without words" // the file
	PauseUnread        Code = "pause not read"       // why
	UntilOver          Code = "until is over"        // for how long a run may begin steps
	Unasked            Code = "not asked"
	AbortAsked         Code = "abort asked"       // who, and when, as the file says
	AbortedIdle        Code = "aborted idle"      // AbortAsked
	SettingsAsked      Code = "settings asked"    // what changes, who
	SettingsUnread     Code = "settings not read" // the file, why
	Watches            Code = "watches"
	Note               Code = "note"       // a text of a hook or a plan
	SeenFirst          Code = "seen first" // who came where
)
