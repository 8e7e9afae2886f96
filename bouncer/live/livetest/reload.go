package livetest

// End closes every open session without a word.
func (f *Fake) End() {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	for conn := range f.Conns {
		conn.Close()
	}
}
