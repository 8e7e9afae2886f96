package ini_test

import (
	"fmt"
)

// trap is an ini file with something that is read in a way worth a test, and what it comes to. The same files are given
// to real PgBouncers.
type trap struct {
	name  string
	text  string
	files map[string]string // what %include finds
	old   string            // what 1.18 makes of it: see summary; "!…": refused, and what the error says
	new   string            // what 1.24 makes of it; "": the same, "-": nothing
	apart string            // why it is not given to a real process
}

const head = "[pgbouncer]\n"

const deadly = "the process ends at the second RELOAD"

// long is n times x.
func long(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}

// nested is files that include each other, the last one with a setting.
func nested(depth int) map[string]string {
	name := func(i int) string { return fmt.Sprintf("%d.ini", i) }
	files := map[string]string{"1.ini": "%include @" + name(2) + "\n"}
	for i := 2; i < depth; i++ {
		files[name(i)] = "%include @" + name(i+1) + "\n"
	}
	files[name(depth)] = "default_pool_size = 7\n"
	return files
}
