package live

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

	"github.com/pgbudget/pgbudget/bouncer/quote"
)

// session is one kept connection, to a console or to a server, of which one pass at a time makes use. It speaks the simple protocol only, the only one that
// the console knows (PgBouncer admin.c), and it never pings: a ping is an SQL comment, which the console refuses.
type session struct {
	subject string // what errors are about
	label   string // host:port or socket, for messages
	config  *pgconn.Config
	timeout time.Duration
	mu      sync.Mutex     // held by the pass that has conn
	conn    *pgconn.PgConn // nil while there is none
	open    atomic.Int64   // which of opens conn is; 0 while there is none
	notice  string         // the newest NOTICE: SHOW VERSION answers with one up to 1.11
	opens   int            // how often a connection was opened
	since   time.Time      // when conn was opened
	refused bool           // at the newest try to connect nobody listened, at any of its addresses
	left    bool           // nobody listened any more when the connection before was closed
	dial    pgconn.DialFunc
	greet   func(ctx context.Context) error
}

// dialing marks the contexts in which a session may open a socket.
type dialing struct{}

// newSession prepares a session. greet runs on every new connection, before it is used.
func newSession(subject string, a address, timeout time.Duration) *session {
	s := &session{subject: subject, label: a.label, config: a.config, timeout: timeout, dial: a.config.DialFunc}
	// The driver sends a cancel request of its own when a query is cut short, from a goroutine that outlives the call.
	// Nothing here runs long enough to need one, and a console that hangs would hold that goroutine for 15 s.
	s.config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if ctx.Value(dialing{}) == nil {
			return nil, errors.New("no cancel requests")
		}
		conn, err := s.dial(ctx, network, address)
		s.refused = s.refused && err != nil && nobodyListens(err)
		return conn, err
	}
	s.config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { s.notice = quote.Line(n.Message) }
	return s
}

// within runs ask on the kept connection, within the session's time-out. A connection that turns out to be broken is
// opened again, once, and ask starts over; one that hangs is not tried again.
func (s *session) within(ctx context.Context, ask func(ctx context.Context) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := limited(ctx, s.timeout)
	defer cancel()
	kept := s.conn != nil
	if !kept {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	err := ask(ctx)
	if err != nil && kept && s.conn == nil && ctx.Err() == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
		err = ask(ctx)
	}
	return err
}

// connect connects and greets.
func (s *session) connect(ctx context.Context) error {
	s.refused = true
	conn, err := pgconn.ConnectConfig(context.WithValue(ctx, dialing{}, true), s.config)
	if err != nil {
		p := s.refusal(ctx, err)
		if s.refused = s.refused && nobodyListens(err); s.refused && s.left {
			p.text = "it no longer listens: it is shutting down, or has ended: " + p.text
		}
		return p
	}
	s.conn, s.since, s.refused, s.left = conn, Clock{}.Now(), false, false
	s.opens++
	if err := s.greet(ctx); err != nil {
		s.drop()
		return err
	}
	s.open.Store(int64(s.opens))
	return nil
}

// end is the address at which the other end answers.
func (s *session) end() (netip.Addr, bool) {
	at, ok := s.remote()
	return at.Addr().Unmap().WithZone(""), ok
}

// remote is end with its port.
func (s *session) remote() (netip.AddrPort, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return netip.AddrPort{}, false
	}
	at, err := netip.ParseAddrPort(s.conn.Conn().RemoteAddr().String())
	return at, err == nil
}

// refusal cleans a driver's error; when it came of the end of ctx, it says so.
func (s *session) refusal(ctx context.Context, err error) plain {
	p := cleaned(err, s.config.Password, s.config.User, s.config.Database, s.config.Host)
	if ctx.Err() != nil && p.cause == nil {
		p.cause = ctx.Err()
	}
	return p
}

// exec sends one message and returns the answer of its last statement that had rows. An error that broke the
// connection has closed it.
func (s *session) exec(ctx context.Context, sql string) (answer, error) {
	if s.conn == nil {
		return answer{}, plain{text: "the connection is closed"}
	}
	s.notice = ""
	a, err := readAnswer(s.conn.Exec(ctx, sql))
	if err != nil {
		p := s.refusal(ctx, err)
		if s.conn.IsClosed() {
			s.drop()
		}
		return answer{}, p
	}
	return a, nil
}

// readAnswer keeps the last result that has columns. The driver's own ReadAll forgets the columns of a result without
// rows, and an empty SHOW SERVERS is an answer like any other.
func readAnswer(results *pgconn.MultiResultReader) (answer, error) {
	var a answer
	for results.NextResult() {
		r := results.ResultReader()
		var one answer
		for _, f := range r.FieldDescriptions() {
			one.names = append(one.names, f.Name)
		}
		for r.NextRow() {
			row := make([][]byte, len(r.Values()))
			for i, v := range r.Values() {
				row[i] = quote.Bytes(bytes.Clone(v))
			}
			one.rows = append(one.rows, row)
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
func (s *session) drop() {
	if s.conn == nil {
		return
	}
	conn := s.conn
	s.conn = nil
	s.open.Store(0)
	conn.Conn().Close()
	if conn.IsClosed() { // the driver has begun to close it by itself
		<-conn.CleanupDone()
	}
}

// close says good-bye.
func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeNow()
}

// closeNow is close for whoever holds mu.
func (s *session) closeNow() {
	if s.conn == nil {
		return
	}
	ctx, cancel := limited(context.Background(), s.timeout)
	defer cancel()
	_ = s.conn.Close(ctx) // whether it hears us changes nothing
	s.conn = nil
	s.open.Store(0)
}
