package livetest

import (
	"errors"
	"strconv"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Ended ends every session that holds a lock, and waits until it is free.
func Ended(t *testing.T, s *lab.Server) {
	t.Helper()
	const all = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
	if _, err := s.Query(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	Eventually(t, func() error {
		rows, err := s.Query(t.Context(), "SELECT 1 AS x FROM pg_locks WHERE locktype = 'advisory'")
		if err == nil && len(rows) > 0 {
			err = errors.New("the lock is held yet")
		}
		return err
	})
}

// WantKind fails where an error is of another kind; ok stands for nil.
func WantKind(t *testing.T, what string, err error, want operr.Kind, ok bool) {
	t.Helper()
	if ok != (err == nil) || !ok && operr.KindOf(err) != want {
		t.Errorf("%s: %v, want kind %d, or nothing: %v", what, err, want, ok)
	}
}

func Atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
