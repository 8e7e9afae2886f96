package queue

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rows reads one table of fixtures/queue as a slice of column name → value.
func rows(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "fixtures", "queue", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	records, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(records) < 2 {
		t.Fatalf("%s: no rows", name)
	}
	var out []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = record[i]
		}
		out = append(out, row)
	}
	return out
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// prints reports whether got, rounded to as many decimals as printed has, is printed.
func prints(got float64, printed string) bool {
	_, decimals, _ := strings.Cut(printed, ".")
	return strconv.FormatFloat(got, 'f', len(decimals), 64) == printed
}

// loadWhere returns the load at which a share that rises with the load reaches p, by bisection below most.
func loadWhere(share func(a float64) float64, p, most float64) float64 {
	low, high := 0.0, most
	for range 100 {
		if a := (low + high) / 2; share(a) < p {
			low = a
		} else {
			high = a
		}
	}
	return low
}

func TestErlangBMatchesPrintedTables(t *testing.T) {
	t.Parallel()
	for _, row := range rows(t, "erlangb.csv") {
		n := int(number(t, row["servers"]))
		got := loadWhere(func(a float64) float64 { return ErlangB(n, a) }, number(t, row["blocking"]), 1e3)
		if want := row["note"] != "misprint"; prints(got, row["erlangs"]) != want {
			t.Errorf("%d servers block %s at %v erlangs, printed %s (%s %s)",
				n, row["blocking"], got, row["erlangs"], row["source"], row["note"])
		}
	}
}

func TestErlangCMatchesPrintedTables(t *testing.T) {
	t.Parallel()
	for _, row := range rows(t, "erlangc.csv") {
		n := int(number(t, row["servers"]))
		got := loadWhere(func(a float64) float64 { return ErlangC(n, a) }, number(t, row["delayed"]), float64(n))
		if !prints(got, row["erlangs"]) {
			t.Errorf("with %d servers %s wait at %v erlangs, want %s (%s)", n, row["delayed"], got, row["erlangs"],
				row["source"])
		}
	}
}

func TestWaitsMatchPrintedExamples(t *testing.T) {
	t.Parallel()
	duration := func(s string) time.Duration {
		if s == "" {
			return 0
		}
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, row := range rows(t, "waits.csv") {
		n, a := int(number(t, row["servers"])), number(t, row["erlangs"])
		m, limit := Model{Hold: duration(row["hold"])}, duration(row["limit"])
		var got float64
		switch row["quantity"] {
		case "delayed":
			got = ErlangC(n, a)
		case "waiting":
			got = WaitingClients(n, a)
		case "mean_wait":
			got = m.MeanWait(n, a) / limit.Seconds()
		case "within":
			got = 1 - m.Tail(n, a, limit)
		case "late":
			got = m.Tail(n, a, limit) / ErlangC(n, a)
		default:
			t.Fatalf("unknown quantity %q", row["quantity"])
		}
		if !prints(got, row["printed"]) {
			t.Errorf("%d servers, %v erlangs, hold %s: %s %s = %v, want %s (%s)",
				n, a, row["hold"], row["quantity"], row["limit"], got, row["printed"], row["source"])
		}
	}
}

// TestSmallPoolsHaveClosedForms checks what can be worked out on paper.
func TestSmallPoolsHaveClosedForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"C(1, a) = a", ErlangC(1, 0.3), 0.3},
		{"C(2, a) = a²/(2+a)", ErlangC(2, 1.5), 2.25 / 3.5},
		{"C(3, 2)", ErlangC(3, 2), 4.0 / 9},
		{"B(1, a) = a/(1+a)", ErlangB(1, 4), 0.8},
		{"B(2, 1)", ErlangB(2, 1), 0.2},
		{"Lq(1, a) = a²/(1-a)", WaitingClients(1, 0.5), 0.5},
		{"Lq(3, 2)", WaitingClients(3, 2), 8.0 / 9},
		{"Lq(1, ½) - Lq(2, ½)", NewWalker(0.5, 1).Gain(), 0.5 - 1.0/30},
		{"dLq/da of one server, (2a-a²)/(1-a)²", Sensitivity(1, 0.5), 3},
	} {
		if math.Abs(c.got/c.want-1) > 1e-15 {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}
