package batch

import (
	"context"
	"sync"
	"sync/atomic"
)

// Run runs every job and reports. When ctx ends first, the report holds what had ended by then and says so in Partial;
// that is no error. The error of a job is the batch's: that of the earliest job that has one, whatever the workers did.
func (b Batch) Run(ctx context.Context) (Report, error) {
	if err := b.Check(); err != nil {
		return Report{}, err
	}
	jobs := b.jobs()
	outcomes := make([]outcome, len(jobs))
	var progress sync.Mutex
	passed := 0
	step := func(n int) {
		progress.Lock()
		defer progress.Unlock()
		passed += n
		if b.Progress != nil {
			b.Progress(passed, len(jobs)*Steps)
		}
	}
	var next, failed atomic.Int64 // failed: no job after it is begun
	failed.Store(int64(len(jobs)))
	var workers sync.WaitGroup
	for range min(max(b.Workers, 1), len(jobs)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(jobs)) && i < failed.Load() && ctx.Err() == nil; i = next.Add(1) - 1 {
				outcomes[i] = b.run(ctx, jobs[i], step)
				if outcomes[i].err != nil {
					lower(&failed, i)
				}
			}
		})
	}
	workers.Wait()
	for _, o := range outcomes {
		if o.err != nil && ctx.Err() == nil {
			return Report{}, o.err
		}
	}
	return b.report(jobs, outcomes), nil
}

// lower sets v to i where that is less.
func lower(v *atomic.Int64, i int64) {
	for old := v.Load(); i < old && !v.CompareAndSwap(old, i); old = v.Load() {
	}
}
