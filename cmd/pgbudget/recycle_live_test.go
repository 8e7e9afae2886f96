package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// recycled is one process of the generation that recycles at any RELOAD once server_tls_sslmode is prefer, as it is by
// default from 1.20 to 1.23. The worst case of its pools is 2 + 6; 2 is what the RELOAD may open besides, 3 are
// reserved for superusers, and 1 is pgbudget's own. What is left is spare.
func recycled(spare int) lab.Spec {
	return lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 2 + 6 + 2 + 3 + 1 + spare}},
		Groups: []lab.GroupSpec{{Name: "ci", Generation: lab.Gen118,
			Settings: map[string]string{"server_tls_sslmode": "prefer"},
			Aliases:  []lab.AliasSpec{{Name: "app", PoolSize: 2}, {Name: "jobs", PoolSize: 6}}}},
		Users: []string{"app1"},
	}
}

// TestARecyclingStepOpensNoMoreThanItsLedgerSays grows a pool by a RELOAD that closes and reopens every connection of
// its process, with and without TLS at the server. The pool beside it, whose clients wait all the time, opens one
// connection more than its size then.
func TestARecyclingStepOpensNoMoreThanItsLedgerSays(t *testing.T) {
	for _, tls := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", tls),
			func(t *testing.T) { judged(t, func(t *trial) { recyclesWithinItsLedger(t, tls) }) })
	}
}

func recyclesWithinItsLedger(t *trial, tls bool) {
	l := labtest.Start(t, recycled(2))
	server := l.Server("pg")
	if tls {
		switchTLSOn(t, server)
	}
	const rules = "pools: [{pool: ci/app, min: 4, max: 4, utilization: 0.99, max_wait: {mean: 10s, p99: 60s}}]\npolicy: " +
		"{percent: 50, soak: 1s, soak_every: 500ms%s}\n"
	refusing, _ := movingConfig(t, l, fmt.Sprintf(rules, ""))
	accepting, _ := movingConfig(t, l, fmt.Sprintf(rules, ", accept: [recycle]"))
	process := l.Process("ci", 0)
	speed := paceFor(t, l, "ci", 50, 40*time.Millisecond) // of both loads
	perSec, hold := speed.Of(20, 40*time.Millisecond)
	app, err := clients.OpenLoop{DSN: process.DSN("app1", "app"), PerSec: perSec,
		Body: clients.Body{Hold: clients.Exp(hold)}, Seed: 1}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Stop() })
	jobs, err := clients.ClosedLoop{DSN: process.DSN("app1", "jobs"), Clients: 12, Think: clients.Fixed(0),
		Body: clients.Body{Hold: clients.Exp(10 * hold)}, Seed: 2}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { jobs.Stop() })
	t.lags(app, jobs)
	time.Sleep(slower(time.Second, speed))

	flags := []string{"--window", slower(8*time.Second, speed).String(), "--every", "500ms"}
	for _, verb := range [][]string{{"step", "--dry-run"}, {"step", "--yes"}} {
		r := command(t, l, append(append(verb, "--config", refusing), flags...)...)
		if r.code != exitUsage || !strings.Contains(r.stderr, "policy: {accept: [recycle]}") {
			t.Errorf("%v: exit %d, want %d and the way to accept it\n%s%s", verb, r.code, exitUsage, r.stdout, r.stderr)
		}
	}
	plan := command(t, l, append([]string{"plan", "--config", refusing}, flags...)...)
	for _, want := range []string{"− 2 recycling of ci/1 (any RELOAD may open one more per pool)",
		"policy: {accept: [recycle]}",
		"budget 10 ", "planned 10 (spare 0)", "by hand: no RELOAD"} {
		if plan.code != 0 || !strings.Contains(plan.stdout, want) {
			t.Errorf("the plan does not say %q: exit %d\n%s%s", want, plan.code, plan.stdout, plan.stderr)
		}
	}
	old := backendsOf(t, server)
	for pid, ssl := range old {
		if (ssl == "t") != tls {
			t.Errorf("backend %s: TLS %s, want %v", pid, ssl, tls)
		}
	}
	watch := countChildren(server)
	r := command(t, l, append([]string{"step", "--yes", "--config", accepting}, flags...)...)
	for range 20 { // the seventh is there until the first of the old ones ends, some 60 ms: it may not have come so soon
		if _, waiting := watch(false); waiting >= 7 {
			break
		}
		if err := process.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(slower(time.Second, speed)) // a login takes longer, too, and a RELOAD would close it half-way
	}
	all, waiting := watch(true)
	t.Logf("at most %d backends at one time, %d of jobs\n%s", all, waiting, r.stderr)
	if r.code != 0 || !strings.Contains(r.stderr, "grant    ci/app 2 → 4") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if waiting > 7 { // PostgreSQL's process ends some time after PgBouncer has closed its connection
		t.because("a backend whose connection was closed was still there when the next but one came")
	}
	if waiting != 7 { // else nothing was shown
		t.Errorf("jobs had %d backends at most, want its 6 and 1 by the RELOAD", waiting)
	}
	if all > 4+6+2 {
		t.Errorf("%d backends at one time, and the ledger has %d", all, 4+6+2)
	}
	var still []string
	// each goes when its transaction ends
	for end := time.Now().Add(slower(10*time.Second, speed)); ; time.Sleep(100 * time.Millisecond) {
		still = nil
		for pid := range backendsOf(t, server) {
			if old[pid] != "" {
				still = append(still, pid)
			}
		}
		if len(still) == 0 || time.Now().After(end) {
			break
		}
	}
	if len(still) > 0 {
		t.Errorf("backends %v are still there: the RELOAD has not recycled them", still)
	}
	if load := ledgers([]*clients.Run{app, jobs}); load.Failed > 0 {
		err := errors.Join(app.Err(), jobs.Err())
		// a slow one, which a RELOAD has closed half-way
		if strings.Contains(fmt.Sprint(err), "server login has been failing") {
			t.because("logins took so long that a RELOAD has met one")
		}
		t.Errorf("%d clients failed: %v", load.Failed, err)
	}
	log, err := os.ReadFile(server.LogPath)
	if fatal := strings.Count(string(log), "FATAL") - strings.Count(string(log),
		"FATAL:  the database system is starting up"); err != nil || fatal > 0 {
		t.Errorf("PostgreSQL's log (%v):\n%s", err, log)
	}
}

// switchTLSOn gives the server a certificate of its own making.
func switchTLSOn(t testing.TB, s *lab.Server) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := os.Stat(s.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"server.crt": {Type: "CERTIFICATE", Bytes: cert},
		"server.key": {Type: "PRIVATE KEY", Bytes: secret}} {
		path := filepath.Join(s.DataDir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		sys := owner.Sys().(*syscall.Stat_t)
		if err := os.Chown(path, int(sys.Uid), int(sys.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range []string{"ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"} {
		if _, err := s.Query(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond) // the postmaster has seen it
}

// backendsOf are the application's backends: process id to whether they speak TLS, t or f.
func backendsOf(t testing.TB, s *lab.Server) map[string]string {
	t.Helper()
	rows, err := s.Query(t.Context(),
		"SELECT pid, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename = 'app1'")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r["pid"]] = r["ssl"]
	}
	return out
}

// countChildren samples the postmaster's children every 10 ms, and says the most application's backends at one time so
// far, and the most of the database jobs; asked with end it ends. It needs no session.
func countChildren(s *lab.Server) (most func(end bool) (all, jobs int)) {
	var mu sync.Mutex
	var all, jobs int
	stop, ended := make(chan struct{}), make(chan struct{})
	look := func() {
		list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", s.Pid()))
		var titles []string
		for pid := range strings.FieldsSeq(string(list)) {
			if title, err := os.ReadFile("/proc/" + pid + "/cmdline"); err == nil && strings.Contains(string(title), "app1 ") {
				titles = append(titles, string(title))
			}
		}
		mu.Lock()
		defer mu.Unlock()
		all = max(all, len(titles))
		jobs = max(jobs, strings.Count(strings.Join(titles, " "), "app1 jobs "))
	}
	go func() {
		defer close(ended)
		for {
			look()
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func(end bool) (int, int) {
		if end {
			close(stop)
			<-ended
		}
		mu.Lock()
		defer mu.Unlock()
		return all, jobs
	}
}
