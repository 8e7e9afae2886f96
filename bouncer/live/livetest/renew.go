package livetest

import (
	"fmt"
	"strings"
	"testing"
)

// Renewed waits until the consoles' connections have been renewed, or tried to be.
func Renewed(t *testing.T, f *Fake) {
	t.Helper()
	before := f.LoggedIn()
	Eventually(t, func() error {
		if f.LoggedIn() == before {
			return fmt.Errorf("%d logins, want one more: nobody renews", before)
		}
		return nil
	})
}

// Remains waits until so many sessions are open.
func (f *Fake) Remains(t *testing.T, want int) {
	t.Helper()
	Eventually(t, func() error {
		if n := f.Connected(); n != want {
			return fmt.Errorf("%d sessions are open, want %d", n, want)
		}
		return nil
	})
}

// Refuse ends every later login with a message.
func (f *Fake) Refuse(message string) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	f.Fatal = message
}

// Another gives its console's callers other addresses in memory: those of another process with the same files.
func (f *Fake) Another() {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	for _, row := range f.Tables["SHOW CLIENTS"] {
		for i, v := range row {
			row[i] = strings.Replace(v, "0x5", "0x6", 1)
		}
	}
}
