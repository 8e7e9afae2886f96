package sim

import "container/heap"

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

// agenda is the entries in their order. They share slot 0 of the calendar, which holds the first one's time. An entry
// is appended and cut off here, and put in its place by heap.Fix: heap.Push and heap.Pop would allocate for each.
type agenda struct {
	entries entryHeap
	seq     int64
}

// push notes an entry.
func (a *agenda) push(at int64, kind entryKind, ref int32) {
	a.seq++
	a.entries = append(a.entries, entry{at, a.seq, kind, ref})
	heap.Fix(&a.entries, len(a.entries)-1)
}

// pop takes the first entry out; there must be one.
func (a *agenda) pop() entry {
	first, last := a.entries[0], len(a.entries)-1
	a.entries[0] = a.entries[last]
	if a.entries = a.entries[:last]; last > 0 {
		heap.Fix(&a.entries, 0)
	}
	return first
}

// next returns the time of the first entry, never if there is none.
func (a *agenda) next() int64 {
	if len(a.entries) == 0 {
		return never
	}
	return a.entries[0].at
}

// entryHeap is a heap.Interface.
type entryHeap []entry

func (h entryHeap) Len() int      { return len(h) }
func (h entryHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *entryHeap) Push(x any)   { *h = append(*h, x.(entry)) }

func (h entryHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}

func (h *entryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}
