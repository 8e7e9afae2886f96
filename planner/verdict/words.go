package verdict

// sentences are the texts of reasons: one for each code, with its subject, where it has one, and its arguments. They
// are the only place in which a reason is worded.
var sentences = map[Code]string{
	Surprise: "at %d %% the receiving pool carries %.3g %% of the load of both, %.3g to %.3g %% were expected",
	NoLoad:   "%s", NothingCarried: "neither pool carries anything",
	NothingComes: "at %d %% a fraction of at most %.3g can have moved, by %s; %.3g at least was believed (write " +
		"another fraction: where that is what is true)",
	LoadUnknown: "%s: %s", PoolFull: "%s was full: it shows its size, and not what it is asked to carry",
	TooFewXacts: "%d transactions are too few (%d needed)",
	NotConserved: "confounded: the two pools together carry %.3g × what they did at %d %%, and the others " +
		"%.3g ×",
	TakenBack: "taken back: %v",
}
