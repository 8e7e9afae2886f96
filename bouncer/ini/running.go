package ini

// Running is what a process has in force, as its SHOW commands print it, NULL as "". A table that was not asked for, or
// that this version does not have, is nil.
type Running struct {
	Config    []Param // SHOW CONFIG
	Databases []Row   // SHOW DATABASES, the console's own left out
	Users     []Row   // SHOW USERS
	Peers     []Row   // SHOW PEERS, since 1.19
}

// Param is a row of SHOW CONFIG.
type Param struct {
	Key      string // name of the setting
	Value    string // in force
	Fixed    bool   // changeable is "no": RELOAD leaves it alone
	Defaults bool   // the column "default" is there, as it is since 1.15
	Default  string // PgBouncer's own default; only with Defaults
	Sticks   bool   // "default" is NULL: nothing resets the key, and one taken out of the file keeps its value
}

// Row is a row of another SHOW command, by column. A column that this version does not have is not in it.
type Row map[string]string

// number is a column as a number; ok is false where it has none.
func (r Row) number(column string) (n int, ok bool) {
	text, ok := r[column]
	if !ok {
		return 0, false
	}
	long, rest := strtol(text, 10)
	return int(int32(long)), rest == "" && text != ""
}

// by returns rows by what they have in a column; the first one where there are several.
func by(rows []Row, column string) map[string]Row {
	out := map[string]Row{}
	for _, r := range rows {
		if _, ok := out[r[column]]; !ok {
			out[r[column]] = r
		}
	}
	return out
}
