package livetest

import (
	"encoding/csv"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Fake is an admin console that answers from tables. Its zero hooks make it behave like a real one.
type Fake struct {
	T        *testing.T
	Listener net.Listener
	Version  string // of the ParameterStatus server_version, "/bouncer" included

	Mu       sync.Mutex
	Tables   map[string][][]string // SHOW command, upper case, to header and rows
	Password string                // asked for in clear when set
	Fatal    string                // the login ends with this message
	Cut      int                   // connections end without an answer after so many commands; 0: never
	Asked    func(command string)  // called before each answer; may wait
	Logins   int
	Conns    map[net.Conn]bool // of the sessions that are open
	Startups []map[string]string
}

// NewFake starts a console that answers from a folder below fixtures/show; it ends with the test.
func NewFake(t *testing.T, folder string) *Fake {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &Fake{T: t, Listener: listener, Version: strings.TrimPrefix(folder, "constructed-") + "/bouncer",
		Tables: Capture(t, folder),
		Conns:  map[net.Conn]bool{}}
	f.Set("admin_users", "postgres, watcher") // as whom the tests come
	var sessions sync.WaitGroup
	done := make(chan struct{})
	sessions.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() {
				go func() { <-done; conn.Close() }()
				f.Serve(conn)
			})
		}
	})
	t.Cleanup(func() { listener.Close(); close(done); sessions.Wait() })
	return f
}

// Dsn returns the console's DSN, with more keywords at its end.
func (f *Fake) Dsn(more string) string {
	_, port, _ := net.SplitHostPort(f.Listener.Addr().String())
	return "host=127.0.0.1 port=" + port + " user=watcher sslmode=disable " + more
}

// Set replaces the value of a key in SHOW CONFIG.
func (f *Fake) Set(key, value string) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	for _, row := range f.Tables["SHOW CONFIG"] {
		if row[0] == key {
			row[1] = value
		}
	}
}

// Become makes the fake a process unlike the other fakes of its folder.
func (f *Fake) Become(name string) *Fake {
	f.Set("pidfile", "/run/"+name+".pid")
	return f
}

// Hook sets what is called before each answer, nil for nothing.
func (f *Fake) Hook(asked func(command string)) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	f.Asked = asked
}

// CutAfter makes every later connection end after so many commands, 0 for never, and counts logins from 0 again.
func (f *Fake) CutAfter(commands int) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	f.Cut, f.Logins = commands, 0
}

// LoggedIn returns how many logins there were.
func (f *Fake) LoggedIn() int {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	return f.Logins
}

// WantLogins fails the test where there were not so many logins, or more than renewals since begun explain besides: one
// a second at most (admin.askedAge). A busy machine takes that long for what an idle one does before the first.
func (f *Fake) WantLogins(t testing.TB, want int, begun time.Time) {
	t.Helper()
	seconds := int(time.Since(begun) / time.Second)
	if n := f.LoggedIn(); n < want || n > want+seconds {
		t.Errorf("%d logins in %d s, want %d and at most one a second for renewals", n, seconds, want)
	}
}

// Connected returns how many sessions are open.
func (f *Fake) Connected() int {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	return len(f.Conns)
}

// Serve answers one client until the client or the fake ends the connection.
func (f *Fake) Serve(conn net.Conn) {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	startup, err := b.ReceiveStartupMessage()
	if err != nil {
		return
	}
	s, ok := startup.(*pgproto3.StartupMessage)
	if !ok {
		return
	}
	f.Mu.Lock()
	f.Logins++
	f.Conns[conn] = true
	defer func() { f.Mu.Lock(); defer f.Mu.Unlock(); delete(f.Conns, conn) }()
	f.Startups = append(f.Startups, s.Parameters)
	password, fatal, cut := f.Password, f.Fatal, f.Cut
	f.Mu.Unlock()
	refuse := func(code, message string) {
		b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: message})
		_ = b.Flush()
	}
	if password != "" {
		b.Send(&pgproto3.AuthenticationCleartextPassword{})
		if b.Flush() != nil || b.SetAuthType(pgproto3.AuthTypeCleartextPassword) != nil {
			return
		}
		if m, err := b.Receive(); err != nil || m.(*pgproto3.PasswordMessage).Password != password {
			refuse("28P01", "password authentication failed")
			return
		}
	}
	if fatal != "" {
		refuse("08P01", fatal)
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: f.Version})
	b.Send(&pgproto3.BackendKeyData{ProcessID: 4711, SecretKey: []byte{1, 2, 3, 4}})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for n := 1; b.Flush() == nil && (cut == 0 || n <= cut); n++ {
		m, err := b.Receive()
		query, ok := m.(*pgproto3.Query)
		if err != nil || !ok {
			return
		}
		f.Mu.Lock()
		asked := f.Asked
		f.Mu.Unlock()
		if asked != nil {
			asked(query.String)
		}
		f.Answer(b, query.String)
	}
}

// Answer sends the table of a command, or the error 08P01 where the fake has none.
func (f *Fake) Answer(b *pgproto3.Backend, command string) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	rows, ok := f.Tables[command]
	switch {
	case !ok:
		b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "08P01", Message: "invalid command '" + command +
			"', use SHOW HELP;"})
	case rows[0][0] == "notice":
		b.Send(&pgproto3.NoticeResponse{Severity: "NOTICE", Code: "00000", Message: rows[1][0]})
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SHOW")})
	default:
		var header pgproto3.RowDescription
		for _, name := range rows[0] {
			header.Fields = append(header.Fields, pgproto3.FieldDescription{Name: []byte(name), DataTypeOID: 25,
				DataTypeSize: -1})
		}
		b.Send(&header)
		for _, row := range rows[1:] {
			values := make([][]byte, len(row))
			for i, v := range row {
				if v != "" {
					values[i] = []byte(v)
				}
			}
			b.Send(&pgproto3.DataRow{Values: values})
		}
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SHOW")})
	}
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
}

// Capture reads the tables of a folder below fixtures/show.
func Capture(t *testing.T, folder string) map[string][][]string {
	t.Helper()
	tables := map[string][][]string{}
	files, err := filepath.Glob(filepath.Join("../../../fixtures/show", folder, "*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures in %s: %v", folder, err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(file).ReadAll()
		file.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tables["SHOW "+strings.ToUpper(strings.TrimSuffix(filepath.Base(name), ".csv"))] = rows
	}
	// none of the captures has SHOW LISTS: what max_client_conn counts are the clients that SHOW CLIENTS lists
	tables["SHOW LISTS"] = [][]string{{"list", "items"}, {"used_clients", strconv.Itoa(len(tables["SHOW CLIENTS"]) - 1)}}
	return tables
}
