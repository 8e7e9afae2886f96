package control_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/plannertest"
)

var update = flag.Bool("update", false, "write what the stories print; read the diff before you commit it")

// TestStories runs every story of testdata. A story is a text file: comments, blocks of commands, and below the four
// dashes of each block its transcript. The commands are those of story.do; what a command expects of the controller
// fails with -update, too.
//
//	# A release drains before its connections are granted.
//	fleet spare=0
//	sample a=20/18 b=10/10 times=3
//	do begin-step
//	----
//	begin-step a/db 20 → 16, b/db 10 → 14
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := tell(t, file, string(text))
			if *update {
				if err := os.WriteFile(file, told, 0o644); err != nil {
					t.Fatal(err)
				}
			} else if !bytes.Equal(told, text) {
				t.Errorf("%s has another transcript now; go test ./planner/control -run Stories -update, then read the diff.\n%s",
					file, told)
			}
		})
	}
	if len(files) < 6 {
		t.Errorf("%d stories in testdata, want 6 at least", len(files))
	}
}

// tell runs the commands of a story, and returns it with what they print.
func tell(t *testing.T, file, text string) []byte {
	t.Helper()
	x := &story{t: t}
	var out, printed bytes.Buffer
	block, transcript := false, false
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		x.at = fmt.Sprintf("%s:%d", file, i+1)
		switch {
		case line == "----":
			if !block {
				t.Fatalf("%s: a transcript without a command before it", x.at)
			}
			out.WriteString("----\n")
			out.Write(printed.Bytes())
			printed.Reset()
			transcript = true
		case line == "":
			if block && !transcript {
				t.Fatalf("%s: the block has no line ---- before its transcript", x.at)
			}
			block, transcript = false, false
			out.WriteString("\n")
		case transcript: // what it printed before
		case strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		default:
			block = true
			out.WriteString(line + "\n")
			command, rest, _ := strings.Cut(line, " ")
			x.do(&printed, command, rest)
		}
	}
	if block && !transcript {
		t.Fatalf("%s: the block has no line ---- before its transcript", x.at)
	}
	return out.Bytes()
}

// args are the arguments of a command: names without a value, and values by name.
type args struct {
	bare   []string
	values map[string]string
}

func argsOf(rest string) args {
	w := args{values: map[string]string{}}
	for _, field := range strings.Fields(rest) {
		if name, value, ok := strings.Cut(field, "="); ok {
			w.values[name] = value
		} else {
			w.bare = append(w.bare, field)
		}
	}
	return w
}

// number reads a value of a command; absent: what stands for it.
func (x *story) number(w args, name string, absent float64) float64 {
	text, ok := w.values[name]
	if !ok {
		return absent
	}
	var n float64
	if _, err := fmt.Sscan(text, &n); err != nil {
		x.t.Fatalf("%s: %s=%s is no number", x.at, name, text)
	}
	return n
}

// duration reads a time of a command; absent: what stands for it.
func (x *story) duration(text string, absent time.Duration) time.Duration {
	if text == "" {
		return absent
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		x.t.Fatalf("%s: %v", x.at, err)
	}
	return d
}

// since is the time of a story: how long after noon.
func since(s *plannertest.TwoPools) time.Duration { return s.Now.Sub(plannertest.Noon) }
