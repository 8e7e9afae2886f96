// Package journal keeps what a controller did as JSON lines in one file, each on disk before the next thing is done.
//
//	j, err := journal.Open(path)                      // the only writer, or an error of KindBusy
//	j, err := journal.Mirror{Path: second}.Open(path) // each line is in both before Record returns
//	m := j.State()                                    // what a new run begins with
//	e, err = j.Record(e)                              // returns once the line is on disk
//	m, err := journal.Load(path)                      // beside a writer
//	for e, err := range journal.Newest(path) { … }    // events, the newest first
//
// The format, version 3 (Version). Each line is a JSON object whose last member is its checksum:
//
//	{"pgbudget_journal":3,"crc32c":"…"}                  the first line says what the file is
//	{"seq":1,"at":"…","kind":"run",…,"crc32c":"…"}       an event (state.Event)
//	{"snapshot":1,"state":{…},"crc32c":"…"}             what the events before the line come to (state.JournalState)
//
// The checksum is CRC-32C of the line's bytes before `,"crc32c":"`: it finds every burst of up to 32 bits, processors
// compute it, and the standard library has it. It is against broken disks and editors, not against an enemy.
//
// A file that does not begin as a journal does is never changed, and nothing but a regular file is opened. A last line
// without its end was never answered as written, so nothing has followed from it: it is taken off. Any other line that
// is not as it was written, or cannot follow the one before, is an error that names file and line.
//
// Before each line the file must still be the one that its path names, and as long as it was written; its mirror, too.
// Where the mirror is a command, a journal that is missing is made by Begin alone.
//
// A snapshot is written once the events since the newest one are longer than it by far. Who opens a journal looks for
// the newest from the end, and reads what follows it: a journal of years opens as fast as one of a day. Where it is of
// another state.JournalStateVersion, every event is folded again, and Open writes one of its own at once. Export,
// Import and Read check every line.
package journal
