package load

// MaxIntervals is maxIntervals, for tests from outside.
const MaxIntervals = maxIntervals
