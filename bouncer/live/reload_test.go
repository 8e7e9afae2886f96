package live_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAProcessThatEndsAtARELOADIsSaidToHave: its file has the size already, and whoever starts it has to know. One
// whose connection breaks, and that listens, has not ended.
func TestAProcessThatEndsAtARELOADIsSaidToHave(t *testing.T) {
	for _, ends := range []bool{true, false} {
		_, hands, fakes, stores := processes(t, 1, func(int) bool { return true })
		fakes[0].hook(func(command string) {
			if command != "RELOAD" {
				return
			}
			if fakes[0].hook(nil); ends {
				fakes[0].listener.Close()
			}
			fakes[0].end()
		})
		err := hands.Apply(t.Context(), release(1))
		const want = "the process ended at this RELOAD (its log tells why); its file says already"
		said := err != nil && strings.Contains(err.Error(), want)
		if said != ends || ends && operr.KindOf(err) != operr.KindUnreachable {
			t.Errorf("it ends: %v, and the error is %v", ends, err)
		}
		if ends && !strings.Contains(stores[0].text, "pool_size=5 ") {
			t.Errorf("the file was put back, and the error says %v: %q", err, stores[0].text)
		}
	}
}

// end closes every open session without a word.
func (f *fake) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		conn.Close()
	}
}
