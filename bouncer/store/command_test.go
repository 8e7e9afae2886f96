package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// within gives every command of a store so long.
func within(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, d) }
}

// commands are a store whose file is read by cat, and written by a line of a shell in which FILE is the file.
func commands(t *testing.T, line string) (c store.Command, file string) {
	t.Helper()
	file, _ = folder(t)
	fill := strings.NewReplacer("FILE", file, "DIR", filepath.Dir(file))
	return store.Command{ReadArgv: []string{"cat", file}, WriteArgv: []string{"sh", "-c", fill.Replace(line)}, Path: file,
		Keep: store.Keep{Folder: filepath.Join(t.TempDir(), "journal.jsonl.before")}, Within: within(10 * time.Second)}, file
}

func TestCommandsAreReadBack(t *testing.T) {
	good, file := commands(t, "cat >FILE")
	if err := good.Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	holds(t, file, newer)
	if kept := good.Saved(file); kept == "" {
		t.Error("the old bytes are not kept")
	} else {
		holds(t, kept, older)
	}
	if err := good.Settled(file); err != nil || good.Saved(file) != "" || len(listed(t, good.Keep.Folder)) > 0 {
		t.Errorf("settled, and %v stay (%v)", listed(t, good.Keep.Folder), err)
	}
	liar := good
	liar.WriteArgv = []string{"true"}
	if err := liar.Write(t.Context(), file, []byte(newer), []byte(older)); operr.KindOf(err) != operr.KindDrift ||
		!strings.Contains(err.Error(), "true succeeded, and the file reads back as it was") {
		t.Errorf("%v", err)
	}
	if kept := good.Saved(file); kept != "" {
		t.Errorf("nothing was written, and %s is kept", kept)
	}
	if err := good.Write(t.Context(), file, []byte(older), []byte("third")); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("%v", err)
	}
}

func TestTheErrorsOfACommandAreMaskedAndItsTimeIsBounded(t *testing.T) {
	masked := store.Command{ReadArgv: []string{"sh", "-c", "echo wrong token hush >&2; exit 1"},
		Mask: func(s string) string { return strings.ReplaceAll(s, "hush", "${TOKEN}") }}
	if _, err := masked.Read(t.Context(), "x"); err == nil || strings.Contains(err.Error(), "hush") ||
		!strings.Contains(err.Error(), "wrong token ${TOKEN}") {
		t.Errorf("%v", err)
	}
	for argv, says := range map[string]string{"echo no such host >&2; exit 255": "no such host",
		"sleep 60": "did not end in time"} {
		c := store.Command{ReadArgv: []string{"sh", "-c", argv}, Within: within(3 * time.Second)}
		if _, err := c.Read(t.Context(), "x"); operr.KindOf(err) != operr.KindUnreachable ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%v", err)
		}
	}
}

// TestAFileThatAWriteHasCutOffIsRestored has commands that fail the first time only, in each of the ways of a broken
// line.
func TestAFileThatAWriteHasCutOffIsRestored(t *testing.T) {
	const again = "[ -e DIR/../tried ] && exec cat >FILE; touch DIR/../tried; "
	for name, c := range map[string]struct {
		line    string
		kind    operr.Kind
		says    string
		timeout time.Duration
	}{
		"truncates and hangs": {"head -c 9 >FILE; sleep 60", operr.KindUnreachable, "did not end in time",
			3 * time.Second},
		"truncates to nothing and hangs": {": >FILE; sleep 60", operr.KindUnreachable, "did not end in time",
			3 * time.Second},
		"truncates and is killed": {"head -c 9 >FILE; kill -9 $$", operr.KindUnreachable, "killed", 0},
		"truncates and fails": {"head -c 9 >FILE; echo no space >&2; exit 1", operr.KindUnreachable,
			"no space", 0},
		"removes the file and fails":        {"rm FILE; exit 1", operr.KindUnreachable, "exit status 1", 0},
		"truncates and says it has written": {"head -c 9 >FILE", operr.KindDrift, "reads back cut off", 0},
		"overwrites the beginning and stops": {"head -c 27 | dd of=FILE conv=notrunc 2>/dev/null", operr.KindDrift,
			"reads back cut off", 0},
	} {
		t.Run(name, func(t *testing.T) {
			store, file := commands(t, again+c.line)
			t.Cleanup(func() { os.Remove(filepath.Join(filepath.Dir(file), "..", "tried")) })
			if c.timeout > 0 {
				store.Within = within(c.timeout)
			}
			data := newer
			if strings.HasPrefix(name, "overwrites") {
				data = strings.ReplaceAll(newer, "5", "15") // other digits, and one more
			}
			err := store.Write(t.Context(), file, []byte(older), []byte(data))
			if operr.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("kind %d: %v", operr.KindOf(err), err)
			}
			holds(t, file, older)
			if kept := store.Saved(file); kept != "" {
				t.Errorf("it is as it was, and %s stays", kept)
			}
		})
	}
}

// TestAFileIsRestoredInATimeOfItsOwn cancels the write in the middle, as a Ctrl-C does or the end of a time that many
// writes share.
func TestAFileIsRestoredInATimeOfItsOwn(t *testing.T) {
	c, file := commands(t,
		"[ -e DIR/../tried ] && exec cat >FILE; touch DIR/../tried; head -c 9 >FILE; touch DIR/../half; sleep 60")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for end := time.Now().Add(time.Minute); ; {
			_, err := os.Stat(filepath.Join(filepath.Dir(file), "..", "half"))
			if err == nil || time.Now().After(end) { // a command that never gets so far is cancelled as well
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if err := c.Write(ctx, file, []byte(older), []byte(newer)); err == nil {
		t.Errorf("a write that was cancelled in the middle of %s ended well, want an error", file)
	}
	holds(t, file, older)
}

// TestAFailedRestoreNamesTheCommandByHand has a command that never does more than nine bytes, and types what the
// error says.
func TestAFailedRestoreNamesTheCommandByHand(t *testing.T) {
	c, file := commands(t,
		"if [ -e DIR/../repaired ]; then cat >FILE && [ $(wc -c <FILE) -eq {{.Bytes}} ]; else head -c 9 >FILE; exit 1; fi # "+
			"hush")
	c.Mask = func(s string) string { return strings.ReplaceAll(s, "hush", "${TOKEN}") }
	err := c.Write(t.Context(), file, []byte(older), []byte(newer))
	hint := operr.HintOf(err)
	_, line, found := strings.Cut(hint, "To restore its old bytes: ")
	if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), "could not be written again") || !found ||
		strings.Contains(hint, "hush") {
		t.Fatalf("%v\nnext: %s", err, hint)
	}
	holds(t, file, older[:9])
	kept := c.Saved(file)
	holds(t, kept, older)
	if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(line, kept) {
		t.Errorf("%v (%v), %s", info.Mode(), err, line)
	}
	if info, err := os.Stat(filepath.Dir(kept)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v (%v)", info.Mode(), err)
	}

	// Whoever comes next, in another program, sees it before anything else is done.
	if _, err := c.Read(t.Context(), file); operr.KindOf(err) != operr.KindDrift ||
		!strings.Contains(err.Error(), "the last write was interrupted") || !strings.Contains(operr.HintOf(err), kept) {
		t.Errorf("%v\nnext: %s", err, operr.HintOf(err))
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "..", "repaired"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	holds(t, file, older)
	if err := c.Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
		t.Error(err)
	}
	if now, err := c.Read(t.Context(), file); err != nil || string(now) != newer {
		t.Errorf("%q (%v)", now, err)
	}
}

// TestAFileOfAnotherIsNotWrittenOver: what somebody has put in the place of ours is theirs.
func TestAFileOfAnotherIsNotWrittenOver(t *testing.T) {
	for _, fails := range []string{"", "; exit 1"} { // a command that writes only what it may fails because of them
		c, file := commands(t, "cat >/dev/null; echo theirs >FILE"+fails)
		err := c.Write(t.Context(), file, []byte(older), []byte(newer))
		if operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), "reads back as something else") ||
			!strings.Contains(operr.HintOf(err), c.Saved(file)) || (fails != "") != strings.Contains(err.Error(),
			"exit status 1") {
			t.Errorf("%v\nnext: %s", err, operr.HintOf(err))
		}
		holds(t, file, "theirs\n")
		holds(t, c.Saved(file), older)
	}
}

// TestOldBytesThatWerePutBackStayKept writes, and puts back by commands that do nothing, and that cut the file off for
// good: the bytes of before are still there.
func TestOldBytesThatWerePutBackStayKept(t *testing.T) {
	c, file := commands(t, "cat >FILE")
	if err := c.Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"exit 1", "head -c 9 >'" + file + "'; exit 1"} {
		c.WriteArgv = []string{"sh", "-c", line}
		if err := c.Write(t.Context(), file, []byte(newer), []byte(older)); err == nil {
			t.Errorf("%s was written by %q, want its error", file, line)
		}
		holds(t, c.Saved(file), older)
	}
}

func TestACommandIsToldLengthAndHash(t *testing.T) {
	c, file := commands(t, "cat >FILE; echo {{.Bytes}} {{.SHA256}} {{.Other}} >DIR/../told")
	if err := c.Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(filepath.Dir(file), "..", "told"), fmt.Sprintf("%d %x {{.Other}}\n", len(newer),
		sha256.Sum256([]byte(newer))))
}

func TestAWriteCommandThatIsNotThereIsRefusedBefore(t *testing.T) {
	c, file := commands(t, "cat >FILE")
	if err := c.Try(t.Context(), file, []byte(newer)); err != nil {
		t.Error(err)
	}
	if names := listed(t, c.Keep.Folder); len(names) > 0 {
		t.Errorf("left over: %v", names)
	}
	full := c
	full.Keep.Before = func(string) error { return errors.New("no space") }
	if err := full.Try(t.Context(), file, []byte(newer)); operr.KindOf(err) != operr.KindUsage ||
		!strings.Contains(err.Error(), "no space") {
		t.Errorf("%v", err)
	}
	c.WriteArgv = []string{"/no/such/program"}
	if err := c.Try(t.Context(), file, []byte(newer)); operr.KindOf(err) != operr.KindUsage ||
		!strings.Contains(err.Error(), "/no/such/program") {
		t.Errorf("%v", err)
	}
}

// TestTwoHostsKeepTwoFiles has one path on two hosts.
func TestTwoHostsKeepTwoFiles(t *testing.T) {
	const path = "/etc/pgbouncer.ini"
	one, _ := commands(t, "cat >FILE")
	two, file := commands(t, "cat >FILE")
	one.Path, two.Path, two.Keep = path, path, one.Keep
	const third = "[databases]\na = pool_size=6\n"
	if err := os.WriteFile(file, []byte(third), 0o640); err != nil {
		t.Fatal(err)
	}
	for old, c := range map[string]store.Command{older: one, third: two} {
		if err := c.Write(t.Context(), path, []byte(old), []byte(newer)); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, one.Saved(path), older)
	holds(t, two.Saved(path), third)
}

// TestACommandThatIsGivenThePathServesEveryFile, and runs with no path that a shell may read as anything else.
func TestACommandThatIsGivenThePathServesEveryFile(t *testing.T) {
	folder := t.TempDir()
	main, included := filepath.Join(folder, "pgbouncer.ini"), filepath.Join(folder, "databases.ini")
	for path, text := range map[string]string{main: "main", included: older} {
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	c := store.Command{Path: main, ReadArgv: []string{"sh", "-c", "cat {{.Path}}"},
		WriteArgv: []string{"sh", "-c", "cat > {{.Path}}"}, Within: within(20 * time.Second)}
	if err := c.Write(t.Context(), included, []byte(older), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{main: "main", included: newer} {
		if data, err := c.Read(t.Context(), path); err != nil || string(data) != want {
			t.Errorf("%s: %q, want %q (%v)", path, data, want, err)
		}
	}
	acted := filepath.Join(folder, "acted")
	for _, path := range []string{"/a b", "/a;touch " + acted, "/$(touch " + acted + ")", "/a'", "/a\nb", "-rf", "a",
		"/é"} {
		if _, err := c.Read(t.Context(), path); operr.KindOf(err) != operr.KindUsage {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := os.Stat(acted); err == nil {
		t.Error("a path was run")
	}
}
