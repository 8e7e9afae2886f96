package ini_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// pieces are what random files are made of: every byte that means something to the parser, and words that it knows.
var pieces = []string{
	"\n", "\n", "\n", "\n", " ", " ", " ", "=", "=", "\t", "\r\n", "\v", "'", "''", ";", "#", "]", "\x00", "\\", "\"", "x",
	"7", "-1", "010",
	"[pgbouncer]", "[databases]", "[users]", "[peers]", "[pgbouncer]\n", "\n[databases]\n", "\n[users]\n",
	"d1", "d2", "*", "d1 = ", "\nd1=", "\nd2 = ", "\n* = ", "1 = host=h",
	"pool_size", "pool_size=5", " pool_size=6", " pool_size='7'", "reserve_pool=2", " reserve_pool_size=3",
	"min_pool_size=1", " max_db_connections=9",
	" host=h", "host='a b'", " port=1", "dbname=x", " user=u", "password=x", " pool_mode=session", " pool_mode=none",
	"nonsense=1",
	"\ndefault_pool_size = 8", "default_pool_size=0x9", "\nreserve_pool_size=1", "\nmax_db_connections=4",
	"\nmin_pool_size=2", "\nserver_check_delay = 1.5", "\nunknown=1",
	"%include", "%include @a.ini", "\n%include @a.ini\n", "\n%include @none.ini\n",
}

func randomText(r *rand.Rand, most int) string {
	var b strings.Builder
	for range r.IntN(most) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// randomly writes a file that has a chance to be loaded: random pieces are put into a sound one.
func randomly(r *rand.Rand) (text string, files map[string]string) {
	lines := []string{"[pgbouncer]", "\n[databases]\nd1 = host=h pool_size=5", " reserve_pool=2\nd2 = dbname='a b'", "\n"}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line)
		if r.IntN(2) == 0 {
			b.WriteString(randomText(r, 4))
		}
	}
	return b.String(), map[string]string{"a.ini": randomText(r, 6)}
}

// random compares verdicts and values of files that nobody thought of.
func (o *oracle) random(t *testing.T) {
	const seed, files = 1, 400
	r := rand.New(rand.NewPCG(seed, 0))
	loaded := 0
	for i := range files {
		text, others := randomly(r)
		if o.compare(t, fmt.Sprintf("random file %d, %q with %q", i, text, others), text, others) {
			loaded++
		}
		if t.Failed() {
			return
		}
	}
	if loaded < files/10 || loaded > files*9/10 {
		t.Errorf("%s: %d of %d files could be loaded, want some of both", o.version, loaded, files)
	}
}
