package livetest

import (
	"context"
	"path/filepath"
	"sync/atomic"
)

// Hanging is a store whose reads hang while it says so.
type Hanging struct {
	*Memory
	Hangs atomic.Bool
	Free  chan struct{}
}

func (h *Hanging) Read(ctx context.Context, path string) ([]byte, error) {
	if h.Hangs.Load() {
		select {
		case <-h.Free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return h.Memory.Read(ctx, path)
}

// Linked is a store that can tell which paths lead to one file: all that end alike.
type Linked struct{ *Memory }

func (Linked) Same(a, b string) bool { return filepath.Base(a) == filepath.Base(b) }
