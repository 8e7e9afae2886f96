package prom_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
)

// prometheus is a real server started by a test.
type prometheus struct {
	url  string
	stop func()
}

// startPrometheus starts a Prometheus on a loopback port with the given configuration and data folder, and returns when
// ready answers. It runs as nobody when the test runs as root, and dies with the test's process however that ends.
func startPrometheus(folder, scrapes string, ready func(url string) error, args ...string) (*prometheus, error) {
	at, err := freePort()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(file, []byte("global: {scrape_interval: 1s, scrape_timeout: 1s}\n"+scrapes),
		0o644); err != nil {
		return nil, err
	}
	var log bytes.Buffer
	cmd := exec.Command("prometheus", append([]string{"--config.file=" + file, "--storage.tsdb.path=" +
		filepath.Join(folder, "data"),
		"--storage.tsdb.retention.time=100y", "--log.level=warn", "--web.listen-address=" + at}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := giveToNobody(folder, cmd.SysProcAttr); err != nil {
		return nil, err
	}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() { // the kernel sends Pdeathsig when the thread that started the process ends: keep it
		runtime.LockOSThread()
		started <- cmd.Start()
		_ = cmd.Wait()
		close(ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p := &prometheus{url: "http://" + at, stop: func() {
		_ = cmd.Process.Kill()
		<-ended
	}}
	for deadline := time.Now().Add(3 * time.Minute); ; {
		err := ready(at)
		if err == nil {
			return p, nil
		}
		select {
		case <-ended:
			return nil, fmt.Errorf("prometheus ended at its start:\n%s", log.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.stop()
			return nil, fmt.Errorf("prometheus is not ready: %w\n%s", err, log.String())
		}
	}
}

// readyPlainly asks a server without TLS or authentication.
func readyPlainly(at string) error {
	resp, err := http.Get("http://" + at + "/-/ready")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", resp.Status)
	}
	return nil
}

// freePort returns an address that no lab and no client's socket takes while this program runs.
func freePort() (string, error) {
	n, err := lab.ReservePort()
	return fmt.Sprintf("127.0.0.1:%d", n), err
}

// giveToNobody hands a folder and the process to the user nobody, if we are root.
func giveToNobody(folder string, attr *syscall.SysProcAttr) error {
	if os.Getuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(nobody.Gid)
	if err != nil {
		return err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
}

// temporary makes a folder that nobody can reach: those of testing.T lie in folders of ours alone.
func temporary(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "pgbudget-prom-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// contains fails the test unless the text holds every part.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want it to contain %q", text, part)
		}
	}
}
