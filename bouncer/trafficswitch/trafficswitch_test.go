package trafficswitch

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func shell(file string) Switch {
	return Switch{Run: running(5 * time.Second), Shift: config.Shift{From: "main/app", To: "ci/app",
		Set: []string{"sh", "-c", "echo {{.Percent}}% > '" + file + "'"}, Get: config.Ask{Argv: []string{"cat", file}}}}
}

func running(within time.Duration) func(context.Context, []string) ([]byte, error) {
	return func(ctx context.Context, words []string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		return command.Call{Argv: words, Mask: func(text string) string {
			return strings.ReplaceAll(text, "s3cret",
				"${TOKEN}")
		}}.Run(ctx)
	}
}

func TestASwitchIsSetAndReadByCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "flag")
	s := shell(file)
	if err := s.Set(t.Context(), 15); err != nil {
		t.Fatal(err)
	}
	if x, said, err := s.Get(t.Context()); x != 15 || !said || err != nil {
		t.Fatal(x, said, err)
	}
	if got := s.Command(20); got != `sh -c 'echo 20% > '"'"'`+file+`'"'"''` {
		t.Error(got)
	}
	s.Shift.Get = config.Ask{}
	if _, said, err := s.Get(t.Context()); said || err != nil {
		t.Error(said, err)
	}
}

func TestASwitchReportsAWholePercentageOrAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "flag")
	s := shell(file)
	for text, want := range map[string]int{"0": 0, " 100\n": 100, "5.0": 5, "7%": 7, "": -1, "on": -1, "12.5": -1,
		"101": -1, "-1": -1, "NaN": -1, "5 %x": -1} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		x, said, err := s.Get(t.Context())
		if want >= 0 && (x != want || !said || err != nil) || want < 0 && (said || operr.KindOf(err) != operr.KindEvidence) {
			t.Errorf("%q: %d, %v, %v", text, x, said, err)
		}
	}
}

func TestACommandThatFailsOrHangsIsNamed(t *testing.T) {
	s := shell(filepath.Join(t.TempDir(), "no", "flag"))
	s.Mask = func(text string) string { return strings.ReplaceAll(text, "s3cret", "${TOKEN}") }
	if err := s.Set(t.Context(), 5); operr.KindOf(err) != operr.KindUnreachable ||
		!strings.Contains(err.Error(), "set: sh") {
		t.Error(err)
	}
	s.Shift.Set = []string{"sh", "-c", "echo s3cret is wrong for {{.Percent}} >&2; exit 3"}
	if err := s.Set(t.Context(), 5); err == nil || strings.Contains(err.Error(), "s3cret") ||
		!strings.Contains(err.Error(), "${TOKEN} is wrong for 5") {
		t.Error(err)
	}
	if text := s.Command(5); strings.Contains(text, "s3cret") {
		t.Error(text)
	}
	s.Run, s.Shift.Get.Argv = running(50*time.Millisecond), []string{"sleep", "30"}
	begun := time.Now()
	if _, _, err := s.Get(t.Context()); err == nil || time.Since(begun) > 10*time.Second {
		t.Error(err, time.Since(begun))
	}
	s.Shift.Get = config.Ask{Query: "flag"}
	s.Query = func(context.Context, string, string) (float64, time.Time, error) { return 12, time.Now(), nil }
	if x, said, err := s.Get(t.Context()); x != 12 || !said || err != nil {
		t.Error(x, said, err)
	}
}
