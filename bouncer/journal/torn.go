package journal

// Torn reports whether a crash has cut the last line of a journal. The line was never answered as written, so nothing
// has followed from it; Load and Read leave it out, and Open takes it off. While a process holds the journal the line
// is being written, and is not torn. One that is not there is not torn. The errors are those of Load.
func Torn(path string) (bool, error) {
	torn, err := cutLine(path)
	if err != nil || !torn || Busy(path) {
		return false, err
	}
	return cutLine(path) // who wrote it may have ended between the sample and the question
}

// cutLine reports whether something stands after the last whole line.
func cutLine(path string) (bool, error) {
	more := false
	err := reading("journal", path, func(c content) error {
		st, err := c.load()
		more = err == nil && st.whole < c.size
		return err
	})
	return more, err
}
