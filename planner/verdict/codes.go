package verdict

// What counters say of a soak after traffic was shifted.
const (
	Surprise       Code = "share not expected" // percent that the switch says, seen, expected: lower, upper
	NoLoad         Code = "no load"            // the error of the estimate
	NothingCarried Code = "nothing carried"    // neither pool carries anything
	NothingComes   Code = "nothing comes"      // percent, fraction at most, its method, fraction believed at least
	LoadUnknown    Code = "load not known"     // pool, why
	PoolFull       Code = "pool full"          // pool
	TooFewXacts    Code = "too few"            // transactions, and how many are needed
	NotConserved   Code = "confounded"         // load of both pools as a ratio, percent of before, ratio of the others
	TakenBack      Code = "taken back"         // why
)
