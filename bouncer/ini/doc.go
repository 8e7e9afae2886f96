// Package ini reads pgbouncer.ini as PgBouncer reads it, and changes sizes in it without touching another byte.
//
// Load follows %include and returns a Config: which files there are, which databases and users they declare, and the
// sizes that a process would hold after it has loaded them, defaults filled in. It accepts what a RELOAD of that
// version accepts and refuses what a RELOAD refuses, with two exceptions that it refuses: names of users that end the
// process at its second RELOAD, and binary numbers (0b101), which depend on the C library. Keys that it does not know
// are taken where SHOW CONFIG of the process lists them, or where the process is newer than what is known here. Edit
// turns changes of sizes into new bytes, file by file, and loads these once more before it returns them: nothing but
// the sizes may differ. A line whose meaning is not plain, such as an alias that stands twice, is refused with the
// place and what to do instead.
//
// Compare says what a RELOAD of the files would change in a process, against what its SHOW commands print.
//
// Reading is an argument, and nothing is written here. Lines hold passwords: no error, no String and no Diff of this
// package shows a value that might be one.
//
// The grammar is that of libusual's cfparser.c, and of loader.c, main.c and server.c in PgBouncer's src folder, from
// 1.8 to 1.25; comments name the function, with the line of 1.25.2 (cfparser.c: lib/usual there). Tests compare with
// PgBouncer 1.18 and 1.24, as they run.
package ini
