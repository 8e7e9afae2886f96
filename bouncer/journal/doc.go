// Package journal keeps what a controller did as JSON lines in one file, each on disk before the next thing is done.
//
//	j, err := journal.Open(path)    // the only writer, or an error of KindBusy
//	m := bouncer.Replay(j.Events()) // what a new run begins with
//	e, err = j.Record(e)            // returns once it is on disk
//	events, err := journal.Read(path)
//
// The first line says what the file is. A last line that a crash has cut in two was never answered as written, so
// nothing has followed from it: it is taken off. Any other line that cannot be read is an error that names it.
package journal
