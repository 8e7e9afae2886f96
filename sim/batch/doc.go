// Package batch runs a scenario with many seeds, and says what the runs have in common.
//
// A job is one world: one variant of the scenario with one seed. Jobs run side by side, one engine for each worker, and
// are put together in their own order, so that a report does not depend on how many workers there were.
//
//	batch.go   what to run; run.go the workers; job.go one world from warm-up to its end
//	stat.go    mean and 95 % interval over seeds; judge.go what an expectation says of them
//	report.go  what came out; show.go as people read it; junit.go as CI does
//	demand.go  the planner's estimate of each pool's load, beside the true one
//
// All variants meet the same seeds. What differs between two of them with one seed is therefore what the change did,
// not chance: differences are summed up pair by pair.
package batch
