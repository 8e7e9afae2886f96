package control

import "time"

// PoolNow is what the newest samples show of a pool, all its processes together.
type PoolNow struct {
	Waiting  int           // clients that wait for a connection
	Active   int           // connections in use
	MaxWait  time.Duration // of the client that has waited longest, of those that wait
	MeanWait time.Duration // of a transaction that came between the two newest samples; 0: none came, or none waited
	Xacts    int64         // that came between them
}

// PoolNow sums up the newest samples of a pool; false: they do not show the pool.
func (t RecentSamples) PoolNow(pool string) (now PoolNow, shown bool) {
	if len(t.samples) == 0 {
		return now, false
	}
	var waited time.Duration
	for _, l := range t.samples[len(t.samples)-1].lines {
		if l.pool != pool {
			continue
		}
		shown = true
		now.Waiting, now.Active = now.Waiting+l.waiting, now.Active+l.active
		now.MaxWait = max(now.MaxWait, l.maxWait)
		if len(t.samples) < 2 {
			continue
		}
		was, known := t.samples[len(t.samples)-2].line(l.SettingChange)
		if known && l.xacts >= was.xacts && l.waitTime >= was.waitTime {
			now.Xacts += l.xacts - was.xacts
			waited += l.waitTime - was.waitTime
		}
	}
	if now.Xacts > 0 {
		now.MeanWait = waited / time.Duration(now.Xacts)
	}
	return now, shown
}
