package live_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// rewriting is an edit of a file: what is replaced once by what. An empty old means the end of [pgbouncer], which is that
// of the file.
type rewriting struct{ old, new string }

func (e rewriting) String() string { return fmt.Sprintf("%q → %q", e.old, e.new) }

func (e rewriting) of(text string) string {
	if e.old == "" {
		return text + e.new + "\n"
	}
	return strings.Replace(text, e.old, e.new, 1)
}

// cells is all that a process shows of what a file may say: "CONFIG query_timeout", "DATABASES app pool_size".
func cells(t *testing.T, p *lab.Process) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, table := range []string{"CONFIG", "DATABASES", "USERS", "PEERS"} {
		if table == "PEERS" && p.Generation == lab.Gen118 {
			continue
		}
		rows, err := p.Show(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			switch table {
			case "CONFIG":
				out["CONFIG "+row["key"]] = row["value"]
				continue
			case "PEERS":
				row["name"] = row["peer_id"]
			}
			for column, value := range row {
				if !strings.HasPrefix(column, "current_") && column != "paused" && column != "disabled" {
					out[table+" "+row["name"]+" "+column] = strings.TrimSpace(value)
				}
			}
		}
	}
	return out
}

// keysOf names what differs between two moments as an operator would: by section, line and key.
func keysOf(before, after map[string]string) map[string]bool {
	keys := map[string]bool{}
	names := map[string]string{"database": "dbname", "force_user": "user", "reserve_pool_size": "reserve_pool",
		"max_connections": "max_db_connections", "max_client_connections": "max_db_client_connections"}
	for cell := range maps.Keys(merged(before, after)) {
		if before[cell] == after[cell] { // NULL has no cell
			continue
		}
		part := strings.Split(cell, " ")
		if part[0] == "CONFIG" {
			keys[part[1]] = true
			continue
		}
		prefix, key := map[string]string{"DATABASES": "", "USERS": "users.", "PEERS": "peers."}[part[0]], part[2]
		if to, ok := names[key]; ok && part[0] == "DATABASES" {
			key = to
		}
		row := part[0] + " " + part[1] + " name"
		if before[row] != after[row] {
			key = "line"
		}
		keys[prefix+part[1]+"."+key] = true
	}
	return keys
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// follows reports whether a key changed because another did, by which it is named: a size that the line does not have,
// the limit of a user, a database that lives by the line of *. SHOW USERS repeats sizes from row to row.
func follows(key string, named []string) bool {
	alias, k, _ := strings.Cut(key, ".")
	section := alias == "users" || alias == "peers"
	if section {
		k = key[strings.LastIndex(key, ".")+1:]
	}
	of := map[string]string{"pool_size": "default_pool_size", "reserve_pool": "reserve_pool_size", "server_lifetime": "server_lifetime",
		"min_pool_size": "min_pool_size", "max_db_connections": "max_db_connections", "max_db_client_connections": "max_db_client_connections",
		"max_user_connections": "max_user_connections", "max_user_client_connections": "max_user_client_connections"}
	return slices.ContainsFunc(named, func(n string) bool {
		return n == of[k] && n != "" || !section && n == "*."+k || k != "line" && n == alias+".line" ||
			alias == "users" && strings.HasPrefix(n, "users.") && (strings.HasSuffix(n, "."+k) && strings.Contains(k, "pool_size") || strings.HasSuffix(n, ".line"))
	})
}

// alone are keys that are named although SHOW stays as it is: a user= that is taken out is kept, and lines of one alias
// that lead to different places, and both close server connections at each RELOAD.
var alone = regexp.MustCompile(`^(other\.user|twice\.line)$`)

// otherValue is another value of a setting, by what SHOW CONFIG says of it, in a form of its own; "" leaves it out.
func otherValue(p *lab.Process, key, value string) string {
	switch key {
	case "conffile", "syslog", "syslog_facility", "user", "client_tls_sslmode":
		return ""
	case "max_packet_size":
		return "1000000"
	case "max_db_client_connections", "max_user_client_connections": // the consoles of the test count, too
		return "77"
	case "admin_users":
		return lab.ConsoleAdmin + ", another"
	case "stats_users":
		return lab.ConsoleStats + ",another"
	case "auth_type":
		return "TRUST"
	case "pool_mode":
		return "Session"
	case "server_tls_sslmode":
		return map[bool]string{true: "disable", false: "prefer"}[value != "disable"]
	case "auth_file", "logfile":
		return value + ".other"
	case "server_reset_query", "server_check_query", "auth_query":
		return "SELECT 'hush'"
	}
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil && strings.HasSuffix(key, "_file"):
		return "/nowhere"
	case err != nil && (strings.Contains(key, "tls") || key == "listen_addr"):
		return ""
	case err != nil:
		return "another"
	case key == "tcp_keepalive" || key == "so_reuseport" || key == "tcp_defer_accept":
		return fmt.Sprint(1 - min(n, 1))
	}
	return fmt.Sprintf("%g", n+1)
}

// otherForm is the same value in another form; "": there is none.
func otherForm(key, value string) string {
	switch n, err := strconv.Atoi(value); {
	case key == "pool_mode" || key == "auth_type" || strings.HasSuffix(key, "sslmode"):
		return strings.ToUpper(value)
	case err == nil && strings.HasPrefix(key, "max_"):
		return fmt.Sprintf("0x%x", n)
	case err == nil && strings.HasSuffix(key, "_timeout") && !strings.HasPrefix(key, "tcp_"):
		return fmt.Sprintf("%d.00", n)
	}
	return ""
}

// lineEdits are edits of lines: of databases, users and peers.
func lineEdits(gen lab.Generation, server string) []rewriting {
	edits := []rewriting{
		{"pool_size=4", "pool_size=5"}, {"pool_size=4", "pool_size=4 pool_mode=session"}, {"pool_size=4", "pool_size=4 pool_mode=TRANSACTION"},
		{"pool_size=4", "pool_size=-1"}, {" pool_size=4", ""}, {"pool_size=4", "pool_size='4'"}, {"pool_size=4", "pool_size=9 pool_size=4"},
		{"pool_size=4", "pool_size=4 min_pool_size=1"}, {"pool_size=4", "pool_size=4 min_pool_size=0"}, {"pool_size=4", "pool_size=4 reserve_pool=2"},
		{"pool_size=4", "pool_size=4 max_db_connections=9"}, {"pool_size=4", "pool_size=4 max_db_connections=0"},
		{"pool_size=4", "pool_size=4 connect_query='SELECT 1'"}, {"pool_size=4", "pool_size=4 application_name=a client_encoding=utf8 timezone=UTC"},
		{"app = host=127.0.0.1", "app = host=127.0.0.2"}, {"app = host=127.0.0.1 ", "app = "}, {"app = ", "app = dbname=postgres "}, {"app = ", "app = dbname=app "},
		{"reserve_pool=1", "reserve_pool=2"}, {" reserve_pool=1", ""}, {"min_pool_size=1", "min_pool_size=2"}, {"user=app2", "user=app1"},
		{"[users]", "late = " + server + "\n[users]"}, {"[users]", "twice = host=127.0.0.3\n[users]"}, {"[users]", "twice = " + server + " dbname=app\n[users]"},
		{"gone = ", "; gone = "}, {"gone = ", "moved = "}, {"* = ", "* = pool_size=3 "}, {"* = ", "*  =  "}, {"[databases]\n", "[databases]\n; a comment\n\n"},
		{"app1 = pool_mode=session", "app1 = pool_mode=statement"}, {"app1 = pool_mode=session", "app1 ="}, {"app1 = pool_mode=session", "; app1"},
		{"app1 = pool_mode=session", "app1 = pool_mode=session max_user_connections=30"}, {"[users]\n", "[users]\napp2 = pool_mode=session\n"},
		{"[users]\n", "[users]\napp2 =\n"}, {"[users]\n", "[users]\nnobody = max_user_connections=3\n"}, {"[users]\n", "[users]\napp1 = pool_mode=transaction\n"},
	}
	if gen == lab.Gen118 {
		return edits
	}
	return append(edits, []rewriting{
		{"pool_size=4", "pool_size=4 server_lifetime=60"}, {"pool_size=4", "pool_size=4 server_lifetime=3600"}, {"pool_size=4", "pool_size=4 server_lifetime=0"},
		{"pool_size=4", "pool_size=4 max_db_client_connections=99"}, {"pool_size=4", "pool_size=4 load_balance_hosts=disable"},
		{"list = host=127.0.0.1,127.0.0.2", "list = load_balance_hosts=disable host=127.0.0.1,127.0.0.2"},
		{"app1 = pool_mode=session", "app1 = pool_mode=session pool_size=7"}, {"app1 = pool_mode=session", "app1 = pool_mode=session pool_size=7 reserve_pool_size=1"},
		{"app1 = pool_mode=session", "app1 = pool_mode=session max_user_client_connections=70 query_timeout=9"}, {"[users]\n", "[users]\napp2 = pool_size=2\n"},
		{"[pgbouncer]", "[peers]\n1 = host=127.0.0.1\n[pgbouncer]"}, {"[pgbouncer]", "[peers]\n2 = host=/tmp port=7000 pool_size=9\n[pgbouncer]"},
		{"[pgbouncer]", "[peers]\n9 = host=/tmp port=7000 pool_size=8\n[pgbouncer]"}, {"[pgbouncer]", "[peers]\n9 = host=/tmp port=7001\n[pgbouncer]"},
	}...)
}

// TestEveryChangeOfARealRELOADWasNamedBefore edits the files of real processes in every way, one edit and several at a
// time, and SETs settings. Whatever SHOW says otherwise after a RELOAD must have been refused by name before it, and
// nothing else.
func TestEveryChangeOfARealRELOADWasNamedBefore(t *testing.T) {
	t.Parallel()
	for _, gen := range []lab.Generation{lab.Gen118, lab.Gen124} {
		t.Run(string(gen), func(t *testing.T) {
			t.Parallel()
			reloads(t, gen)
		})
	}
}

func reloads(t *testing.T, gen lab.Generation) {
	aliases := []lab.AliasSpec{{Name: "app", PoolSize: 4}, {Name: "other", DBName: "app", ForceUser: "app2", PoolSize: 3, Reserve: 1, MinPoolSize: 1},
		{Name: "twice", DBName: "app"}, {Name: "gone", DBName: "app"}, {Name: "still", DBName: "app", PoolSize: 2}, {Name: "*"}}
	if gen != lab.Gen118 {
		aliases = append(aliases, lab.AliasSpec{Name: "list", DBName: "app", PoolSize: 2})
	}
	l := start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}, Users: []string{"app1", "app2"},
		Groups: []lab.GroupSpec{{Name: "g", Generation: gen, Aliases: aliases, UserLines: map[string]string{"app1": "pool_mode=session"},
			Settings: map[string]string{"query_wait_timeout": "100", "server_idle_timeout": "599.5"}}}})
	p := l.Processes[0]
	data, err := os.ReadFile(p.IniPath)
	if err != nil {
		t.Fatal(err)
	}
	base := string(data)
	server := regexp.MustCompile(`host=\S+ port=\d+`).FindString(base)
	base = strings.Replace(base, "list = host=127.0.0.1", "list = host=127.0.0.1,127.0.0.2", 1)
	if gen != lab.Gen118 {
		base = strings.Replace(base, "[pgbouncer]", "[peers]\n1 = host=127.0.0.1 port=7001\n2 = host=/tmp port=7000 pool_size=8\n[pgbouncer]", 1)
	}
	users, err := os.ReadFile(regexp.MustCompile(`auth_file = (\S+)`).FindStringSubmatch(base)[1])
	if err != nil {
		t.Fatal(err)
	}
	write(t, regexp.MustCompile(`auth_file = (\S+)`).FindStringSubmatch(base)[1]+".other", string(users))
	write(t, p.LogPath+".other", "")
	if err := os.Chmod(p.LogPath+".other", 0o666); err != nil {
		t.Fatal(err)
	}
	loaded(t, p, base)
	auto, err := pgconn.Connect(t.Context(), p.DSN("app1", "postgres")) // it lives by the line of *
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { auto.Close(context.Background()) })
	targets := targetsOf(l)
	targets.Groups[0].Consoles = []string{p.ConsoleDSN(lab.ConsoleAdmin)}
	hands := open(t, targets).Hands([]live.Config{{Process: "g/1", Path: p.IniPath, Store: store.File{}}})
	judge := reloading{t: t, p: p, base: base, hands: hands}

	var edits []rewriting
	config, err := p.Show(t.Context(), "CONFIG")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range config {
		line := regexp.MustCompile(`(?m)^` + row["key"] + ` = .*\n`).FindString(base)
		for _, value := range []string{otherValue(p, row["key"], row["value"]), otherForm(row["key"], row["value"])} {
			if value != "" {
				edits = append(edits, rewriting{"", row["key"] + " = " + value})
			}
		}
		if line != "" && !slices.Contains([]string{"admin_users", "stats_users", "auth_type"}, row["key"]) {
			edits = append(edits, rewriting{line, ""})
		}
	}
	edits = append(edits, lineEdits(gen, server)...)
	for _, e := range edits {
		judge.edit(e)
	}
	r := rand.New(rand.NewPCG(7, uint64(len(edits))))
	for range 40 { // several at once
		var some []rewriting
		for range 2 + r.IntN(4) {
			some = append(some, edits[r.IntN(len(edits))])
		}
		judge.edit(some...)
	}
	for _, row := range config {
		if value := otherValue(p, row["key"], row["value"]); value != "" && row["changeable"] == "yes" && !strings.Contains(row["key"], "tls") &&
			row["key"] != "peer_id" { // by which a process is known
			judge.set(row["key"], value)
		}
	}
	judge.edit(rewriting{" user=app2", ""}) // the process keeps it
	t.Logf("%d edits and %d SETs; of all, %d changed something", judge.edits, judge.sets, judge.changes)
	if all := judge.edits + judge.sets; judge.edits < 100 || judge.changes < 60 || all-judge.changes < 20 {
		t.Errorf("%d edits and SETs of which %d changed something: too few to show anything", all, judge.changes)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// loaded makes a text a process's file and has it loaded.
func loaded(t *testing.T, p *lab.Process, text string) {
	t.Helper()
	write(t, p.IniPath, text)
	if err := p.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// reloading compares what is said with what a process does.
type reloading struct {
	t                    *testing.T
	p                    *lab.Process
	base                 string
	hands                *live.Hands
	edits, changes, sets int
}

func (r *reloading) edit(edits ...rewriting) {
	text := r.base
	for _, e := range edits {
		text = e.of(text)
	}
	loaded(r.t, r.p, r.base)
	r.edits++
	r.compare(fmt.Sprint(edits), text)
}

func (r *reloading) set(key, value string) {
	loaded(r.t, r.p, r.base)
	if err := r.p.Command(r.t.Context(), fmt.Sprintf("SET %s='%s'", key, strings.ReplaceAll(value, "'", ""))); err != nil {
		r.t.Fatalf("%s: %v", key, err)
	}
	r.sets++
	r.compare("SET "+key+" = "+value, r.base)
}

// compare asks, RELOADs, and looks.
func (r *reloading) compare(what, text string) {
	r.t.Helper()
	write(r.t, r.p.IniPath, text)
	before := cells(r.t, r.p)
	err := r.hands.Check(r.t.Context(), []fleet.Set{{Process: "g/1", Alias: "still", Key: fleet.KeySize, From: 2, To: 1}})
	named := accepts(err)
	if m := regexp.MustCompile(`no step brings ([^;]+)`).FindStringSubmatch(operr.HintOf(err)); err != nil && m != nil {
		for name := range strings.SplitSeq(m[1], ", ") {
			named = append(named, strings.Trim(name, "'"))
		}
	}
	if err != nil && operr.KindOf(err) != operr.KindDrift || err != nil && len(named) == 0 {
		r.t.Errorf("%s: %v", what, err)
		return
	}
	if all := fmt.Sprintf("%v %s", err, operr.HintOf(err)); strings.Contains(all, "hush") {
		r.t.Errorf("%s: shown: %s", what, all)
	}
	if err := r.p.Reload(r.t.Context()); err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
	changed := keysOf(before, cells(r.t, r.p))
	if len(changed) > 0 {
		r.changes++
	}
	for key := range changed {
		if key == "postgres.line" { // it lives by *, and comes and goes with those who use it
			continue
		}
		if key == "gone.line" && slices.Contains(named, "*.dbname") { // its line is gone: it lives by * from now on, if at all
			continue
		}
		if !slices.Contains(named, key) && !follows(key, named) {
			r.t.Errorf("%s: %s changed, and was not named among %q", what, key, named)
		}
	}
	for _, key := range named {
		lives := func(k string) bool { return strings.HasSuffix(k, key[1:]) && key[0] == '*' }
		if key == "*.dbname" && changed["gone.line"] {
			continue
		}
		if !changed[key] && !alone.MatchString(key) && !slices.ContainsFunc(slices.Collect(maps.Keys(changed)), lives) {
			r.t.Errorf("%s: %s was named, and did not change (%v)", what, key, err)
		}
	}
}
