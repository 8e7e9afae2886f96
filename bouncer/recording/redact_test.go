package recording

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// TestEqualIdentitiesStayEqualInARedactedRecording and unequal ones unequal: a server that was replaced or promoted is
// seen as one.
func TestEqualIdentitiesStayEqualInARedactedRecording(t *testing.T) {
	at := func(second int, ids ...string) fleet.Observation {
		o := sampleAt(second, int64(second))
		o.Servers = nil
		for i, id := range ids {
			o.Servers = append(o.Servers, fleet.Server{Name: string(rune('a' + i)), SystemID: id, Timeline: 3 + second})
		}
		return o
	}
	r := newRedactor()
	for _, c := range []struct {
		of   fleet.Observation
		want []string
	}{
		{at(0, "7710843629494259266", "7710843629494259267", "7710843629494259266", ""),
			[]string{"system-1", "system-2", "system-1", ""}},
		{at(1, "7710843629494259267", "7710843629494259268"), []string{"system-2", "system-3"}},
	} {
		var got []string
		for _, s := range r.observation(c.of).Servers {
			got = append(got, s.SystemID)
			if s.Timeline != c.of.Servers[0].Timeline {
				t.Errorf("the timeline is %d, want %d", s.Timeline, c.of.Servers[0].Timeline)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestTheHistoryOfARedactedRecordingNamesServersAsItsSamplesDo so that both still belong together.
func TestTheHistoryOfARedactedRecordingNamesServersAsItsSamplesDo(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fleet.jsonl")
	w, err := Create(name, Header{At: epoch, Redacted: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	h := load.History{Lookback: time.Hour, Servers: []load.ServerHistory{{Server: "gprd-secret"}, {Server: "main"}}}
	if err := w.Observation(sampleAt(0, 1)); err != nil {
		t.Fatal(err)
	}
	if err := w.History(h); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "secret") || h.Servers[0].Server != "gprd-secret" {
		t.Errorf("a name stands in it, or the caller's was changed: %v\n%s", h.Servers, text)
	}
	_, e, err := Read(name)
	if err != nil || len(e.History.Servers) != 2 {
		t.Fatalf("%+v, %v", e.History, err)
	}
	// The planner finds a server's history by its name, and wants them sorted by it.
	if got := []string{e.History.Servers[0].Server, e.History.Servers[1].Server}; got[0] != e.Last.Servers[0].Name ||
		got[1] != e.Last.Processes[0].Aliases[0].AlsoOn[0] {
		t.Errorf("the history is of %v, the sample of %s and %v", got, e.Last.Servers[0].Name,
			e.Last.Processes[0].Aliases[0].AlsoOn)
	}
}

// TestTheShippedRecordingHasNothingLeftToRedact but the name of the lab's server, which is one that this project gave.
func TestTheShippedRecordingHasNothingLeftToRedact(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "fixtures", "recordings", "lab.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, d, samples := newRedactor(), newDecoder(), 0
	unknown := cmp.Comparer(func(a, b fleet.Float) bool { return a == b || !a.Known() && !b.Known() })
	// The time of initdb is the upper half of an identity.
	long := regexp.MustCompile(`"system_id":"[^"]*[0-9]{4}`)
	for lines := bufio.NewReader(f); ; {
		text, err := readLine(lines, nil, maxLine)
		if err != nil {
			break
		}
		if long.Match(text) {
			t.Fatalf("the system identifier of a server: %s", long.Find(text))
		}
		if bytes.HasPrefix(text, []byte(`{"pgbudget_recording"`)) {
			continue
		}
		l, err := d.decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if l.Observation == nil {
			continue
		}
		samples++
		r.names["server"] = map[string]string{"main": "main"}
		if diff := cmp.Diff(r.observation(*l.Observation), *l.Observation, unknown); diff != "" {
			t.Fatalf("what redacting changes in sample %d:\n%s", samples, diff)
		}
	}
	if samples < 20 {
		t.Errorf("%d samples", samples)
	}
}

// TestARedactedRecordingKeepsTheNamesOfRolesAndDatabases wherever they stand, or a limit would have lost its pools.
func TestARedactedRecordingKeepsTheNamesOfRolesAndDatabases(t *testing.T) {
	o := fleet.Observation{
		Servers: []fleet.Server{{Name: "gprd", Superusers: []string{"root"},
			Roles:     []fleet.ConnLimit{{Name: "web", Conns: 9, DirectConns: 2}},
			Databases: []fleet.ConnLimit{{Name: "shop", Conns: 30, DirectConns: 3}}}},
		Processes: []fleet.Process{{ID: "main/1", Aliases: []fleet.Alias{{Name: "shop", Database: "shop",
			PoolMode: "session", LinePoolMode: "transaction", Pools: []fleet.PoolGauges{{User: "web"}}}}}},
	}
	want := o
	want.Servers = []fleet.Server{o.Servers[0]}
	want.Servers[0].Name = "server-1"
	if diff := cmp.Diff(want, newRedactor().observation(o)); diff != "" {
		t.Error(diff)
	}
}
