package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// lengthened is the recording of the lab, repeated until it has size bytes: times and counters go on from one lap to
// the next, as they do in a long watch.
func lengthened(tb testing.TB, size int) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "recordings", "lab.jsonl"))
	if err != nil {
		tb.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	var samples []fleet.Observation
	for _, text := range lines[1:] {
		var l line
		if len(text) > 0 && json.Unmarshal(text, &l) == nil && l.Observation != nil {
			samples = append(samples, *l.Observation)
		}
	}
	first, last := samples[0], samples[len(samples)-1]
	lap := last.At.Sub(first.At) + samples[1].At.Sub(first.At)
	out := bytes.NewBuffer(make([]byte, 0, size+1<<20))
	out.Write(lines[0])
	for n := 0; out.Len() < size; n++ {
		for _, o := range samples {
			moved, err := json.Marshal(line{Observation: later(o, first, last, n, lap)})
			if err != nil {
				tb.Fatal(err)
			}
			out.Write(append(moved, '\n'))
		}
	}
	return out.Bytes()
}

// later is a sample n laps on: what its counters did from first to last, they have done n times more.
func later(o, first, last fleet.Observation, n int, lap time.Duration) *fleet.Observation {
	o.At = o.At.Add(time.Duration(n) * lap)
	var processes []fleet.Process
	for i, p := range o.Processes {
		var aliases []fleet.Alias
		for j, a := range p.Aliases {
			a0, a1 := first.Processes[i].Aliases[j].Counters, last.Processes[i].Aliases[j].Counters
			a.Counters.Xacts += int64(n) * (a1.Xacts - a0.Xacts)
			a.Counters.XactTime += time.Duration(n) * (a1.XactTime - a0.XactTime)
			a.Counters.WaitTime += time.Duration(n) * (a1.WaitTime - a0.WaitTime)
			if a.Counters.Assignments >= 0 {
				a.Counters.Assignments += int64(n) * (a1.Assignments - a0.Assignments)
			}
			aliases = append(aliases, a)
		}
		p.Aliases = aliases
		processes = append(processes, p)
	}
	o.Processes = processes
	return &o
}

// BenchmarkRead reads 16 MB. A recording of 200 MB is to take 6 s of CPU: 33 MB/s.
func BenchmarkRead(b *testing.B) {
	text := lengthened(b, 16<<20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := read("f", bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

// TestALongRecordingTakesNoMoreMemory measures what is held, not at what passes through: a recording four times as long
// leaves no more behind.
func TestALongRecordingTakesNoMoreMemory(t *testing.T) {
	held := func(size int) (uint64, int) {
		text := lengthened(t, size)
		before := heap()
		_, e, err := read("f", bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		after := heap()
		runtime.KeepAlive(text)
		return after - min(before, after), e.Samples
	}
	short, n := held(4 << 20)
	long, m := held(16 << 20)
	if m < 3*n {
		t.Fatalf("%d samples, then %d: want four times as many", n, m)
	}
	const slack = 1 << 20
	if long > short+slack {
		t.Errorf("%d kB are held of %d samples, %d kB of %d", short>>10, n, long>>10, m)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
