package command

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrNoAnswer: the command has ended, and printed nothing.
var ErrNoAnswer = errors.New("nothing answered")

// lastWords is how long the end of a connection waits for the command's own words about it. chosen: 2 s because a
// command that closes its output is about to end, and says why before; a child that holds its standard error is waited
// for half of that.
const lastWords = 2 * time.Second

// farewell is how long a command has to end by itself. chosen: 200 ms because a hop of a network takes less, and nobody
// waits for it at the end of a command.
const farewell = 200 * time.Millisecond

// Dial starts a command whose standard input and output are the connection, as ssh's ProxyCommand has it: what is
// written to the connection is the command's input, and what the command prints is read from it. Stdin is not heeded.
// Deadlines work as those of a socket. Where the command ends, a read returns its last words, and what it has begun
// ends with it. Close ends both. after is time.After, or a test's. The error is that of starting it.
func (c Call) Dial(after func(time.Duration) <-chan time.Time) (net.Conn, error) {
	ours, theirs, err := pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Stdin, cmd.Stdout = theirs, theirs
	p := &piped{Conn: ours, call: c, after: after, said: &tail{most: mostSaid}, ended: make(chan struct{})}
	cmd.Stderr = listener{p}
	cmd.Env = append(inherited(os.Environ()), c.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C at the terminal is for this program
	cmd.WaitDelay = lastWords / 2
	if err := cmd.Start(); err != nil {
		ours.Close()
		return nil, fmt.Errorf("%s: %w", c.Argv[0], errors.Unwrap(err))
	}
	p.group = cmd.Process.Pid
	go func() {
		p.err = cmd.Wait()
		p.kill() // what is left of it keeps the group's number; where nothing is, it is not given to another at once
		close(p.ended)
	}()
	return p, nil
}

// pair are the two ends of a socket that has no name: ours as a connection, and the one that a command is given.
func pair() (ours net.Conn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	file := os.NewFile(uintptr(fds[0]), "connection")
	theirs = os.NewFile(uintptr(fds[1]), "command")
	ours, err = net.FileConn(file) // its own descriptor, which does not block
	file.Close()
	if err != nil {
		theirs.Close()
	}
	return ours, theirs, err
}

// piped is a connection that is a command.
type piped struct {
	net.Conn
	call  Call
	after func(time.Duration) <-chan time.Time
	group int         // its process group
	heard atomic.Bool // it has printed something
	ended chan struct{}
	err   error // of its end, once ended is closed

	mu   sync.Mutex
	said *tail
}

// listener hears what the command writes to its standard error.
type listener struct{ p *piped }

func (l listener) Write(b []byte) (int, error) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	return l.p.said.Write(b)
}

// Read reads what the command prints. At its end the error says how it ended, and is io.ErrUnexpectedEOF or
// ErrNoAnswer.
func (p *piped) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if n > 0 {
		p.heard.Store(true)
	}
	if err == nil || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		return n, err
	}
	return n, p.over()
}

// Write is the socket's; where the command has ended, the error says how.
func (p *piped) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		err = p.over()
	}
	return n, err
}

// over is how the command has ended, in its last words.
func (p *piped) over() error {
	select {
	case <-p.ended:
	case <-p.after(lastWords):
		return fmt.Errorf("%s closed its output: %w", p.call.Argv[0], io.ErrUnexpectedEOF)
	}
	p.mu.Lock()
	text := p.call.told(p.said.bytes)
	p.mu.Unlock()
	how := "it ended"
	if p.err != nil && !errors.Is(p.err, exec.ErrWaitDelay) {
		how = p.err.Error()
	}
	if text != "" {
		how += ": " + text
	}
	cause := io.ErrUnexpectedEOF
	if !p.heard.Load() {
		cause = ErrNoAnswer
	}
	return fmt.Errorf("%s: %s: %w", p.call.Argv[0], how, cause)
}

// Close closes the command's input. What has not ended soon after it is killed, with all that it has begun.
func (p *piped) Close() error {
	err := p.Conn.Close()
	select { // it passes on what was written last, a good-bye
	case <-p.ended:
	case <-p.after(farewell):
		p.kill()
		<-p.ended
	}
	return err
}

// kill ends the process group, whose number is its own until the command has ended.
func (p *piped) kill() { _ = syscall.Kill(-p.group, syscall.SIGKILL) }
