package ini

import (
	"bytes"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff returns a unified diff of an edit for people to read, "" where nothing changes. What might be a secret is masked, so
// that it cannot be applied where a masked line is among those shown.
func Diff(e Edited) string {
	text := diff.Diff(e.Path, masked(e.Old), e.Path, masked(e.New))
	_, text, _ = bytes.Cut(text, []byte("\n")) // the line "diff OLD NEW"
	return string(text)
}
