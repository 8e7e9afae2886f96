package sim

// entry is an event that has no slot of its own: rare ones, such as ticks, faults and scrapes.
type entry struct {
	at   int64
	seq  int64 // of equal times the one noted first comes first
	kind entryKind
	ref  int32 // what kind refers to: a process, a load, a fault, …
}

type entryKind uint8

const (
	atTick   entryKind = iota // of process ref
	atAct                     // script ref
	atFault                   // fault ref begins
	atRelief                  // fault ref ends
	atBurst                   // load ref changes its state
	atScrape                  // signal ref
)

// agenda is the entries in their order, a binary heap. They share slot 0 of the calendar, which holds the first one's
// time.
type agenda struct {
	heap []entry
	seq  int64
}

func (e entry) before(other entry) bool {
	return e.at < other.at || e.at == other.at && e.seq < other.seq
}

func (a *agenda) push(at int64, kind entryKind, ref int32) {
	a.seq++
	a.heap = append(a.heap, entry{at, a.seq, kind, ref})
	h := a.heap
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

// pop takes the first entry out; there must be one.
func (a *agenda) pop() entry {
	first := a.heap[0]
	last := len(a.heap) - 1
	a.heap[0] = a.heap[last]
	a.heap = a.heap[:last]
	h := a.heap
	for i := 0; ; {
		down := 2*i + 1
		if down >= len(h) {
			return first
		}
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(h[i]) {
			return first
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
}

// next returns the time of the first entry, never if there is none.
func (a *agenda) next() int64 {
	if len(a.heap) == 0 {
		return never
	}
	return a.heap[0].at
}
