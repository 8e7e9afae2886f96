package alerts

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// expression is a random one over the site that has one value, and a comparison of it with a constant. == and != are
// left out: of them the values between those of full and of empty pools count, too.
func expression(rng *rand.Rand) string {
	pick := func(words ...string) string { return words[rng.IntN(len(words))] }
	term := func() string {
		switch rng.IntN(6) {
		case 0:
			return pick("sum", "max", "avg") + `(pgbouncer_databases_pool_size{name="app"})`
		case 1:
			return pick("sum", "min", "max") + `(pgbouncer_used_servers{job="main"})`
		case 2:
			return `sum(pg_stat_activity_count{` + pick(`state="active"`, `state!="idle"`, `datname="app_db"`, ``) + `})`
		case 3:
			return pick("sum", "count", "max", "min") + `(pgbouncer_pools_server_` + pick("active", "idle", "used") +
				`_connections{` + pick(`database="app"`, `job="main"`, `job="other"`, `user="u1"`, ``) + `})`
		case 4:
			return `sum(pgbouncer_pools_server_active_connections{job="main"} + ` +
				`pgbouncer_pools_server_idle_connections{job="main"})`
		default:
			return `max(max_over_time(pgbouncer_pools_server_active_connections{database="app"}[10m]))`
		}
	}
	side := term()
	if rng.IntN(2) == 0 {
		side = "(" + side + " " + pick("+", "-", "/") + " " + term() + ")"
	}
	return fmt.Sprintf("%s %s %d", side, pick(">", ">=", "<", "<="), rng.IntN(110))
}

// TestPromtoolFindsTheSame: the promtool of the machine, another version of Prometheus, evaluates random comparisons
// over the same series with values that this test counts by itself, of pools that are empty, idle and busy, with
// today's sizes and with the planned ones. What it finds true is what Find says of each.
func TestPromtoolFindsTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("make unit needs no package; make test runs it")
	}
	kinds := map[Becomes]int{}
	for _, planned := range []float64{4, 9, 13, 25} {
		asPromtool(t, 10, planned, kinds)
	}
	t.Logf("%v", kinds)
	for _, b := range []Becomes{Always, Wakes, Blind, Moves} {
		if kinds[b] < 10 {
			t.Errorf("%d random comparisons became %q: the generator is no good", kinds[b], b)
		}
	}
}

// asPromtool holds Find against promtool for one change of a size, and counts what it found.
func asPromtool(t *testing.T, today, planned float64, kinds map[Becomes]int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(15, uint64(planned)))
	var exprs []string
	for len(exprs) < 300 {
		exprs = append(exprs, expression(rng))
	}
	series, err := site(t)(t.Context(), `{__name__=~".+"}`)
	if err != nil {
		t.Fatal(err)
	}
	// value is what a series has while the pools of main are so, counted from the numbers of site and fleetOf alone.
	value := func(s Series, o open, size float64) float64 {
		app, jobs, l := size+1, 7.0, s.Labels
		name := l.Get("__name__")
		per := map[string]float64{"app": app, "jobs": jobs}
		switch {
		case name == "pg_stat_activity_count" && l.Get("datname") == "app_db" && l.Get("state") != "idle in transaction":
			if l.Get("state") == map[open]string{busy: "active", idle: "idle"}[o] {
				return 4 * app
			}
			return 0
		case l.Get("job") != "main":
			return s.Value
		case strings.HasPrefix(name, "pgbouncer_pools_server_"):
			if strings.Contains(name, map[open]string{busy: "_active_", idle: "_idle_", empty: "?"}[o]) {
				return per[l.Get("database")]
			}
			return 0
		case name == "pgbouncer_used_servers" && o == empty:
			return 0
		case name == "pgbouncer_used_servers":
			return 2*app + jobs
		case name == "pgbouncer_databases_pool_size" && l.Get("name") == "app":
			return size
		}
		return s.Value
	}
	var b strings.Builder
	b.WriteString("rule_files: []\nevaluation_interval: 1m\ntests:\n")
	world := 0
	for _, size := range []float64{today, planned} {
		for o := range opens {
			b.WriteString("  - interval: 1m\n    input_series:\n")
			for _, s := range series {
				fmt.Fprintf(&b, "      - {series: %q, values: '%gx30'}\n", written(s.Labels), value(s, o, size))
			}
			b.WriteString("    promql_expr_test:\n")
			for i, e := range exprs {
				fmt.Fprintf(&b, "      - {expr: %q, eval_time: 20m, exp_samples: [{labels: '{i=\"%d\"}', value: 1}]}\n",
					fmt.Sprintf(`label_replace((count(%s) > bool 0) or vector(0), "i", "%d", "", "")`, e, 6*i+world), 6*i+world)
			}
			world++
		}
	}
	file := filepath.Join(t.TempDir(), "test.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	// it fails where it says 0
	said, _ := exec.CommandContext(t.Context(), "promtool", "test", "rules", file).CombinedOutput()
	untrue := regexp.MustCompile(`got:\s*\{i="(\d+)"\} 0`)
	if strings.Contains(string(said), "error") || !strings.Contains(string(said), "FAILED") {
		t.Fatalf("promtool:\n%.2000s", said)
	}
	trues := make([][6]bool, len(exprs))
	for i := range trues {
		trues[i] = [6]bool{true, true, true, true, true, true}
	}
	for _, m := range untrue.FindAllStringSubmatch(string(said), -1) {
		var i int
		fmt.Sscan(m[1], &i)
		trues[i/6][i%6] = false
	}
	for i, e := range exprs {
		found, unread := Find(t.Context(), []Rule{{Group: "g", Name: "A", Query: e}}, site(t), fleetOf(t, today, planned),
			time.Now())
		if len(unread) > 0 {
			t.Fatalf("%s: %v", e, unread)
		}
		got := Becomes("")
		if len(found) > 0 {
			got = found[0].Becomes
		}
		kinds[got]++
		state := func(of []bool) int {
			switch {
			case !slices.Contains(of, true):
				return never
			case !slices.Contains(of, false):
				return always
			}
			return sometimes
		}
		was, is := state(trues[i][:3]), state(trues[i][3:])
		want := Becomes("")
		switch {
		case was == never && is == sometimes:
			want = Wakes
		case was != always && is == always:
			want = Always
		case was != never && is == never:
			want = Blind
		}
		if got != want && !(want == "" && got == Moves && was == sometimes && is == sometimes) {
			t.Errorf("%s: got %q, want %q: true of %v", e, got, want, trues[i])
		}
	}
}

// written is a series as promtool reads it.
func written(l labels.Labels) string {
	var parts []string
	l.Range(func(x labels.Label) {
		if x.Name != "__name__" {
			parts = append(parts, fmt.Sprintf("%s=%q", x.Name, x.Value))
		}
	})
	return l.Get("__name__") + "{" + strings.Join(parts, ",") + "}"
}
