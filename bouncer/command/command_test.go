package command_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/pgbudget/pgbudget/bouncer/command"
)

// shell runs a line within a time.
func shell(t *testing.T, line string, within time.Duration) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return command.Call{Argv: []string{"sh", "-c", line}, Stdin: []byte("given"), Env: []string{"ADDED=this"}}.Run(ctx)
}

func TestACommandInheritsNoPassword(t *testing.T) {
	t.Setenv("PGPASSWORD", "hush")
	t.Setenv("PGPASSFILE", "/etc/pgpass")
	t.Setenv("PGPASSWORDS", "another's")
	out, err := shell(t, `echo "$PGPASSWORD|$PGPASSFILE|$PGPASSWORDS|$ADDED|$(cat)|$(env | grep -c hush)"`, 10*time.Second)
	if err != nil || string(out) != "|/etc/pgpass|another's|this|given|0\n" {
		t.Errorf("%q (%v)", out, err)
	}
	out, err = command.Call{Argv: []string{"sh", "-c", `echo "$PGPASSWORD"`},
		Env: []string{"PGPASSWORD=asked for"}}.Run(t.Context())
	if err != nil || string(out) != "asked for\n" {
		t.Errorf("%q (%v)", out, err)
	}
}

// TestTheOutputOfACommandIsBounded has commands that print for ever, on either side.
func TestTheOutputOfACommandIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := time.Now()
	_, err := shell(t, "yes", time.Minute)
	if err == nil || !strings.Contains(err.Error(), "the command printed more than 8 MiB and was ended") ||
		time.Since(begun) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	_, err = shell(t, "trap '' PIPE; yes 2>/dev/null; sleep 60", time.Minute) // one that does not care
	if err == nil || !strings.Contains(err.Error(), "the command printed more than 8 MiB") ||
		time.Since(begun) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	_, err = shell(t, "head -c 131000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo the end >&2; exit 3", time.Minute)
	if err == nil || err.Error() != "sh: exit status 3: the end" {
		t.Errorf("%v", err)
	}
	runtime.ReadMemStats(&after)
	if held := (after.Sys - before.Sys) >> 20; held > 64 {
		t.Errorf("%d MiB were taken from the system", held)
	}
	if _, err = shell(t, "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 3", time.Minute); err == nil ||
		len(err.Error()) > 600 {
		t.Errorf("%v", err)
	}
	if out, err := shell(t, "head -c 8388608 /dev/zero", time.Minute); err != nil || len(out) != command.MostOutput {
		t.Errorf("%d bytes (%v)", len(out), err)
	}
}

// TestACommandAndItsChildrenEndAtItsTimeOut has commands whose children would act later.
func TestACommandAndItsChildrenEndAtItsTimeOut(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for name, c := range map[string]struct{ line, says string }{
		"a child that is waited for": {"(sleep 6; touch FILE) & wait", "did not end in time"},
		"a child that ignores what it can": {"trap '' TERM INT HUP; (sleep 6; touch FILE); sleep 60",
			"did not end in time"},
		"a child of one that fails":                 {"(sleep 6; touch FILE) >/dev/null 2>&1 & exit 3", "exit status 3"},
		"a child that holds the output of the dead": {"(sleep 6; touch FILE) &", "left a child that holds its output"},
		"one that closes its output and goes on": {"exec >&- 2>&-; sleep 6; touch FILE; sleep 60",
			"did not end in time"},
		// too much, or for too long: as fast as it gets
		"one that prints all the time and has a child": {"(sleep 6; touch FILE) & yes", ""},
	} {
		all.Go(func() {
			file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			begun := time.Now()
			_, err := shell(t, strings.ReplaceAll(c.line, "FILE", file), 2*time.Second)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", name, err, c.says)
			}
			time.Sleep(time.Until(begun.Add(7 * time.Second)))
			if _, err := os.Stat(file); !os.IsNotExist(err) {
				t.Errorf("%s: it acted: %v", name, err)
			}
		})
	}
	all.Wait()
}

// TestAChildThatHoldsTheErrorsAloneIsLeft: ssh leaves a master of its connections behind, with its standard error.
func TestAChildThatHoldsTheErrorsAloneIsLeft(t *testing.T) {
	file := filepath.Join(t.TempDir(), "acted")
	begun := time.Now()
	out, err := shell(t, "echo printed; (sleep 8; touch "+file+") >/dev/null &", time.Minute)
	if err != nil || string(out) != "printed\n" || time.Since(begun) > 7*time.Second {
		t.Errorf("%q after %v (%v)", out, time.Since(begun), err)
	}
	for time.Since(begun) < 30*time.Second {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the child was ended")
}

// TestAShellTakesALineApartAgain gives random words to each shell as a line, and reads them back.
func TestAShellTakesALineApartAgain(t *testing.T) {
	for _, shell := range []string{"sh", "bash"} {
		t.Run(shell, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				takesApart(t, shell, rapid.SliceOfN(anyWord, 1, 8).Draw(t, "words"))
			})
		})
	}
}

// anyWord is a word of whatever a command line can hold: no NUL byte ends a C string early.
var anyWord = rapid.OneOf(
	rapid.SampledFrom([]string{"", "it's", "''", `\`, `'\''`, "$HOME `x` \"y\"", "*", "~", "~root", "-n", "--", "!!",
		"=ls",
		"a\nb", "\n", " ", "\t", "#", "{a,b}", "a;b", "é", "\x80\xff", "sudo sh -c 'cat >f && mv f g'", "--a=b", "x/y.z"}),
	rapid.StringOf(rapid.RuneFrom(nil, &unicode.RangeTable{R16: []unicode.Range16{{Lo: 1, Hi: 0x17f, Stride: 1}}})),
	rapid.Map(rapid.SliceOf(rapid.ByteRange(1, 255)), func(b []byte) string { return string(b) }),
)

func FuzzLineOfAShell(f *testing.F) {
	f.Add("ssh", "it's", "$(date) `x` \\ \"y\" *")
	f.Add("", "\n", "~")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if strings.ContainsRune(a+b+c, 0) {
			return
		}
		takesApart(t, "sh", []string{a, b, c})
		takesApart(t, "bash", []string{a, b, c})
	})
}

// takesApart has a shell print the words of a line, each with an end that no word has.
func takesApart(t interface{ Fatalf(string, ...any) }, shell string, words []string) {
	line := command.Line(words...)
	out, err := exec.Command(shell, "-c", `printf '%s\0' `+line).Output()
	if want := strings.Join(words, "\x00") + "\x00"; err != nil || string(out) != want {
		t.Fatalf("%s reads %s as %q, want %q (%v)", shell, line, out, want, err)
	}
}
