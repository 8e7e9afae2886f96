package apply_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAProcessThatEndsAtARELOADIsSaidToHave: its file has the size already, and whoever starts it has to know. One
// whose connection breaks, and that listens, has not ended.
func TestAProcessThatEndsAtARELOADIsSaidToHave(t *testing.T) {
	for _, ends := range []bool{true, false} {
		_, applier, fakes, stores := processes(t, 1, func(int) bool { return true })
		fakes[0].Hook(func(command string) {
			if command != "RELOAD" {
				return
			}
			if fakes[0].Hook(nil); ends {
				fakes[0].Listener.Close()
			}
			fakes[0].End()
		})
		err := applier.Apply(t.Context(), livetest.Release(1))
		const want = "the process ended at this RELOAD (its log has the cause); the file has the new sizes"
		said := err != nil && strings.Contains(err.Error(), want)
		if said != ends || ends && operr.KindOf(err) != operr.KindUnreachable {
			t.Errorf("it ends: %v, and the error is %v", ends, err)
		}
		if ends && !strings.Contains(stores[0].Text, "pool_size=5 ") {
			t.Errorf("the file was put back, and the error says %v: %q", err, stores[0].Text)
		}
	}
}

// TestARELOADWithoutAnswerIsJudgedByWhatIsInForce: the connection breaks after the process has read its file, each time
// it is told to. What it has in force is the proof, and its file stays.
func TestARELOADWithoutAnswerIsJudgedByWhatIsInForce(t *testing.T) {
	for _, takes := range []bool{true, false} {
		_, applier, fakes, stores := processes(t, 1, func(int) bool { return takes })
		take := fakes[0].Asked
		fakes[0].Hook(func(command string) {
			if take(command); command == "RELOAD" {
				fakes[0].End()
			}
		})
		err := applier.Apply(t.Context(), livetest.Release(1))
		if file := strings.Contains(stores[0].Text, "pool_size=5 "); (err == nil) != takes || file != takes {
			t.Errorf("it takes its file: %v, the file says the new size: %v, and the error is %v", takes, file, err)
		}
	}
}
