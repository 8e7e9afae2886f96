package admin

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/bouncer/quote"
)

// Session is one kept connection, to a console or to a server, of which one pass at a time makes use. It speaks the
// simple protocol only, the only one that the console knows (PgBouncer admin.c), and it never pings: a ping is an SQL
// comment, which the console refuses.
type Session struct {
	Subject string // what errors are about
	label   string // host:port or socket, for messages
	Config  *pgconn.Config
	source  source         // of its password
	via     string         // the command through which it is reached; empty: none is
	Timeout time.Duration  // for each pass, its logins included
	Mu      sync.Mutex     // held by the pass that has conn
	Conn    *pgconn.PgConn // nil while there is none
	Open    atomic.Int64   // which of opens conn is; 0 while there is none
	notice  string         // the newest NOTICE: SHOW VERSION answers with one up to 1.11
	Opens   int            // how often a connection was opened
	since   time.Time      // when conn was opened
	refused bool           // at the newest try to connect nobody listened, at any of its addresses
	left    bool           // nobody listened any more when the connection before was closed
	dial    pgconn.DialFunc
	// runs on every new connection before it is used; nil: nothing. Its error closes the connection
	Greet func(ctx context.Context) error
}

// dialing marks the contexts in which a session may open a socket.
type dialing struct{}

// NewSession prepares a session. greet runs on every new connection, before it is used.
func NewSession(subject string, a Address, timeout time.Duration) *Session {
	s := &Session{Subject: subject, label: a.Label, Config: a.config, source: a.source, via: a.via, Timeout: timeout,
		dial: a.config.DialFunc}
	// The driver sends a cancel request of its own when a query is cut short, from a goroutine that outlives the call.
	// Nothing here runs long enough to need one, and a console that hangs would hold that goroutine for 15 s.
	s.Config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if ctx.Value(dialing{}) == nil {
			return nil, errors.New("no cancel requests")
		}
		conn, err := s.dial(ctx, network, address)
		s.refused = s.refused && err != nil && nobodyListens(err)
		return conn, err
	}
	s.Config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { s.notice = quote.Line(n.Message) }
	return s
}

// Within runs ask on the kept connection, within the session's time-out. A connection that turns out to be broken is
// opened again, once, and ask starts over; one that hangs is not tried again. The error is ask's, that of the
// connection, or that of ctx.
func (s *Session) Within(ctx context.Context, ask func(ctx context.Context) error) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	ctx, cancel := Limited(ctx, s.Timeout)
	defer cancel()
	kept := s.Conn != nil
	if !kept {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	err := ask(ctx)
	if err != nil && kept && s.Conn == nil && ctx.Err() == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
		err = ask(ctx)
	}
	return err
}

// connect connects and greets.
func (s *Session) connect(ctx context.Context) error {
	s.refused = true
	conn, err := pgconn.ConnectConfig(context.WithValue(ctx, dialing{}, true), s.Config)
	if err != nil {
		p := s.refusal(ctx, err)
		if s.refused = (s.refused || s.via != "") && nobodyListens(err); s.refused && s.left {
			p.text = "the process no longer listens: shutting down, or ended: " + p.text
		}
		return p
	}
	s.Conn, s.since, s.refused, s.left = conn, clock.Wall{}.Now(), false, false
	s.Opens++
	if err := s.Greet(ctx); err != nil {
		s.drop()
		return err
	}
	s.Open.Store(int64(s.Opens))
	return nil
}

// End is the address at which the other end answers.
func (s *Session) End() (netip.Addr, bool) {
	at, ok := s.Remote()
	return at.Addr().Unmap().WithZone(""), ok
}

// Remote is end with its port.
func (s *Session) Remote() (netip.AddrPort, bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if s.Conn == nil {
		return netip.AddrPort{}, false
	}
	at, err := netip.ParseAddrPort(s.Conn.Conn().RemoteAddr().String())
	return at, err == nil
}

// refusal cleans a driver's error; when it came of the end of ctx, it says so.
func (s *Session) refusal(ctx context.Context, err error) Plain {
	p := cleaned(err, s.Config.Password, s.Config.User, s.Config.Database, s.Config.Host)
	if ctx.Err() != nil && p.cause == nil {
		p.cause = ctx.Err()
	}
	return p
}

// Exec sends one message and returns the answer of its last statement that had rows. An error that broke the
// connection has closed it.
func (s *Session) Exec(ctx context.Context, sql string) (Answer, error) {
	if s.Conn == nil {
		return Answer{}, Plain{text: "the connection is closed"}
	}
	s.notice = ""
	a, err := readAnswer(s.Conn.Exec(ctx, sql))
	if err != nil {
		p := s.refusal(ctx, err)
		if s.Conn.IsClosed() {
			s.drop()
		}
		return Answer{}, p
	}
	return a, nil
}

// readAnswer keeps the last result that has columns. The driver's own ReadAll forgets the columns of a result without
// rows, and an empty SHOW SERVERS is an answer like any other.
func readAnswer(results *pgconn.MultiResultReader) (Answer, error) {
	var a Answer
	for results.NextResult() {
		r := results.ResultReader()
		var one Answer
		for _, f := range r.FieldDescriptions() {
			one.names = append(one.names, f.Name)
		}
		for r.NextRow() {
			row := make([][]byte, len(r.Values()))
			for i, v := range r.Values() {
				row[i] = quote.Bytes(bytes.Clone(v))
			}
			one.Rows = append(one.Rows, row)
		}
		if _, err := r.Close(); err != nil {
			break // Close below returns it
		}
		if len(one.names) > 0 {
			a = one
		}
	}
	return a, results.Close()
}

// drop closes the connection and waits until the driver has let go of it, which a peer that hangs cannot hold up.
func (s *Session) drop() {
	if s.Conn == nil {
		return
	}
	conn := s.Conn
	s.Conn = nil
	s.Open.Store(0)
	conn.Conn().Close()
	if conn.IsClosed() { // the driver has begun to close it by itself
		<-conn.CleanupDone()
	}
}

// Close says good-bye.
func (s *Session) Close() {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.closeNow()
}

// closeNow is close for whoever holds mu.
func (s *Session) closeNow() {
	if s.Conn == nil {
		return
	}
	ctx, cancel := Limited(context.Background(), s.Timeout)
	defer cancel()
	_ = s.Conn.Close(ctx) // whether it hears us changes nothing
	s.Conn = nil
	s.Open.Store(0)
}
