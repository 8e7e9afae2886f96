package store_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/store"
)

// examples are the stores of the printed reference whose files commands write.
func examples(t *testing.T) (out []config.Store) {
	t.Helper()
	c, err := config.Parse("reference.yaml", []byte(config.Reference), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			if p.Config != nil && len(p.Config.Write) > 0 {
				out = append(out, *p.Config)
			}
		}
	}
	return out
}

// here makes the commands of an example those of a file of this test, with ssh and sudo that do it on this host. far is
// what the far end of ssh does with its command.
func here(t *testing.T, example config.Store, file, far string) store.Command {
	t.Helper()
	bin := t.TempDir()
	scripts(t, bin, map[string]string{"ssh": "shift\n" + far, "sudo": `exec "$@"`})
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	words := func(argv []string) (out []string) {
		for _, w := range argv {
			out = append(out, strings.ReplaceAll(w, example.Path, file))
		}
		return out
	}
	return store.Command{ReadArgv: words(example.Read), WriteArgv: words(example.Write), Path: file,
		Within: within(20 * time.Second)}
}

func scripts(t *testing.T, folder string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// once runs a write command as it is: nobody checks what it leaves.
func once(t *testing.T, c store.Command, data string) error {
	t.Helper()
	var words []string
	for _, w := range c.WriteArgv {
		words = append(words, strings.NewReplacer("{{.Path}}", c.Path, "{{.Bytes}}", fmt.Sprint(len(data)), "{{.SHA256}}",
			fmt.Sprintf("%x", sha256.Sum256([]byte(data)))).Replace(w))
	}
	_, err := command.Call{Argv: words, Stdin: []byte(data)}.Run(t.Context())
	return err
}

// mortal is a folder of the commands that a far end may run. The one that is run as number $DIES kills everything that
// runs with it, as a host that goes down; where it is cat, it has written a part.
func mortal(t *testing.T) (folder, count string) {
	t.Helper()
	folder, count = t.TempDir(), filepath.Join(t.TempDir(), "count")
	texts := map[string]string{}
	for _, name := range []string{"cat", "chmod", "cp", "dd", "install", "mv", "sha256sum", "sync", "tee", "wc"} {
		if real, err := exec.LookPath(name); err == nil {
			texts[name] = fmt.Sprintf("echo >>%s; if [ $(grep -c '' %s) -eq $DIES ]; then [ %s = cat ] && head -c 11; kill -9 "+
				"0; fi\nexec %s \"$@\"", count, count, name, real)
		}
	}
	scripts(t, folder, texts)
	return folder, count
}

// TestTheExamplesOfWriteCommandsAreSafe runs each write command of the reference: whole; with a line that breaks after
// some bytes, so that the far end sees the end of its input; and with a far end that is killed before each of its
// commands in turn.
func TestTheExamplesOfWriteCommandsAreSafe(t *testing.T) {
	list := examples(t)
	if len(list) == 0 {
		t.Fatal("the reference has no write command")
	}
	for _, example := range list {
		file, _ := folder(t)
		t.Run("whole", func(t *testing.T) {
			c := here(t, example, file, `exec sh -c "$*"`)
			before := described(t, file)
			if err := c.Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
				t.Fatal(err)
			}
			holds(t, file, newer)
			if got := described(t, file); fmt.Sprint(got) != fmt.Sprint(before) {
				t.Errorf("%v, was %v", got, before)
			}
			alone(t, file)
		})
		if err := os.WriteFile(file, []byte(older), 0o640); err != nil {
			t.Fatal(err)
		}
		t.Run("the line breaks", func(t *testing.T) {
			for n := range len(newer) {
				if err := once(t, here(t, example, file, fmt.Sprintf(`head -c %d | sh -c "$*"`, n)), newer); err == nil {
					t.Errorf("%d bytes are taken for all", n)
				}
				holds(t, file, older)
			}
		})
		t.Run("killed", func(t *testing.T) {
			folder, count := mortal(t)
			deaths := 0
			for n := 1; n < 50; n++ {
				os.Remove(count)
				err := once(t, here(t, example, file, fmt.Sprintf(`DIES=%d PATH=%s:$PATH exec sh -c "$*"`, n, folder)), newer)
				got, lost := os.ReadFile(file)
				if lost != nil || string(got) != older && string(got) != newer {
					t.Fatalf("killed at %d: %q (%v)", n, got, lost)
				}
				if err == nil {
					break
				}
				deaths++
			}
			if deaths < 4 {
				t.Errorf("only %d deaths", deaths)
			}
			holds(t, file, newer)
			if names := listed(t, filepath.Dir(file)); len(names) != 2 {
				t.Errorf("left over: %v", names)
			}
		})
	}
}
