package ini_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
)

// TestADiffIsTakenByGitAndByPatch applies diffs of files with comments, secrets, CRLF and no end of a last line, with
// both programs, and wants every byte of the edit.
func TestADiffIsTakenByGitAndByPatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, old, new string
		hidden         string
	}{
		{"a comment above and a secret below", "; ours\n[databases]\n; the app\na = host=h  pool_size=5\nb = password=hush\n",
			"; ours\n[databases]\n; the app\na = host=h  pool_size=6\nb = password=hush\n", "[]"},
		{"two places", "; a\na=pool_size=5\n; b\nb = pool_size=6\n; c\n", "; a\na=pool_size=7\n; b\nb = pool_size=8\n; c\n",
			"[]"},
		{"lines that stand together", "a = pool_size=5\nb = pool_size=6\n", "a = pool_size=7\nb = pool_size=8\n", "[]"},
		{"quotes", "a = host='h' pool_size='5'\n;\n", "a = host='h' pool_size='6'\n;\n", "[]"},
		{"CRLF", "; a\r\na = pool_size=5\r\n; b\r\n", "; a\r\na = pool_size=6\r\n; b\r\n", "[]"},
		{"no end of the last line", "; a\na = pool_size=5", "; a\na = pool_size=6", "[]"},
		{"a line that is added", "; a\n[pgbouncer]\n; b\nx = 1\n; c\n",
			"; a\n[pgbouncer]\n; b\nx = 1\ndefault_pool_size = 6\n; c\n", "[]"},
		{"a line that is added, and one that changes", "a = pool_size=5\n[pgbouncer]\nlisten_port = 1\n",
			"a = pool_size=6\n[pgbouncer]\nlisten_port = 1\ndefault_pool_size = 6\n", "[]"},
		{"a line with a secret", "; a\na = password=hush pool_size=5\n", "; a\na = password=hush pool_size=6\n", "[2]"},
		{"a value that is masked", "a = host=h application_name='hush' pool_size=5\n",
			"a = host=h application_name='hush' pool_size=6\n", "[1]"},
	} {
		for _, tool := range [][]string{{"git", "apply", "--unidiff-zero"}, {"patch", "-p1", "-s", "--fuzz=0"}} {
			dir := t.TempDir()
			file := filepath.Join(dir, "etc", "p.ini")
			if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(c.old), 0o644); err != nil {
				t.Fatal(err)
			}
			e := ini.Edited{Path: "/etc/p.ini", Old: []byte(c.old), New: []byte(c.new)}
			text := "1 of 2: a title, as --emit patch prints it\n" + ini.Diff(e)
			if strings.Contains(text, "hush") || fmt.Sprint(ini.Hidden(e)) != c.hidden {
				t.Errorf("%s: hidden are %v, want %s:\n%s", c.name, ini.Hidden(e), c.hidden, text)
			}
			cmd := exec.Command(tool[0], tool[1:]...)
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(text)
			said, err := cmd.CombinedOutput()
			want := c.new
			if c.hidden != "[]" {
				want = c.old
			}
			if now, failed := os.ReadFile(file); failed != nil || string(now) != want || (err != nil) != (c.hidden != "[]") {
				t.Errorf("%s: %v (%v): %q (%v), want %q\n%s\n%s", c.name, tool, err, now, failed, want, text, said)
			}
		}
	}
}
