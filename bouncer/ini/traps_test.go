package ini_test

import "fmt"

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

var traps = []trap{
	{name: "the least", text: head},
	{name: "empty", text: "", old: "!main.ini:1: there is no [pgbouncer] section in it or in what it includes"},
	{name: "no main section", text: "[databases]\nd1 = host=h\n", old: "!main.ini:1: there is no [pgbouncer] section in it or in what it includes"},
	{name: "a line", text: head + "[databases]\nd1 = host=h1 port=5433 dbname=x pool_size=7 reserve_pool=2 min_pool_size=3 max_db_connections=9 user=u pool_mode=Session\n", old: "d1 7! reserve=2 min=3 max=9 host=h1 port=5433 dbname=x user=u mode=session"},
	{name: "databases first", text: "[databases]\nd1 = host=h\n[pgbouncer]\ndefault_pool_size = 33\n", old: "default 33; d1 33 host=h"},
	{name: "databases twice", text: "[databases]\nd1 = pool_size=3\n[pgbouncer]\n[databases]\nd2 = pool_size=4\nd1 = pool_size=5\n", old: "d1 5! again; d2 4!"},
	{name: "pgbouncer twice", text: head + "default_pool_size = 33\nreserve_pool_size=2\n[databases]\nd1 =\n[pgbouncer]\nreserve_pool_size=1\n", old: "reserve 1; d1 20 reserve=1"},
	{name: "defaults", text: head + "default_pool_size=31\nreserve_pool_size=2\nmin_pool_size=1\nmax_db_connections=50\n[databases]\nd1 =\nd2 = pool_size=5 reserve_pool=0 min_pool_size=0 max_db_connections=0\nd3 = pool_size=-1 reserve_pool=-1 min_pool_size=-1 max_db_connections=-1\n", old: "default 31; reserve 2; d1 31 reserve=2 min=1 max=50; d2 5! max=50; d3 31! reserve=2 min=1 max=50"},
	{name: "zero", text: head + "[databases]\nd1 = pool_size=0\n", old: "d1 0!"},

	{name: "no final newline", text: head + "[databases]\nd1 = pool_size=5", old: "d1 5!"},
	{name: "crlf", text: "[pgbouncer]\r\n[databases]\r\nd1 = pool_size=5\r\nd2 =\r\n", old: "d1 5!; d2 20"},
	{name: "old mac newlines", text: head + "[databases]\rd1 = pool_size=5\r", old: "d1 5!"},
	{name: "white space at the front", text: " \t\v\f\r\n  [pgbouncer]\n\t[databases]\n \t d1 = pool_size=5\n", old: "d1 5!"},
	{name: "trailing white space", text: head + "[databases]\nd1 = pool_size=5 \t\v\f\r\n", old: "d1 5!"},
	{name: "nul ends the file", text: head + "[databases]\nd1 = pool_size=5\n\x00\n[nonsense\n", old: "d1 5!"},
	{name: "nul in a value", text: head + "[databases]\nd1 = pool_size=5\x006 junk\nd2 =\n", old: "d1 5!"},
	{name: "nul in a key", text: head + "[databases]\nd\x001 = pool_size=5\n", old: "!main.ini:3: it is neither a [section], a key = value nor a comment"},
	{name: "bom", text: "\ufeff" + head, old: "!main.ini:1: it is neither a [section], a key = value nor a comment"},

	{name: "comments", text: "; a\n# b\n" + head + "  ; c\n\t# d\n[databases]\n#d1 = x\n;d2\nd3 = pool_size=3\n;", old: "d3 3!"},
	{name: "comment behind a value", text: head + "[databases]\nd1 = pool_size=5 ; five\n", old: "!main.ini:3: key 2 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "hash behind a value", text: head + "[databases]\nd1 = pool_size=5 # five\n", old: "!main.ini:3: key 2 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "comment glued to a value", text: head + "[databases]\nd1 = pool_size=5;five\n", old: "d1 5!"},
	{name: "comment behind a number", text: head + "default_pool_size = 44 ; x\n", old: "!main.ini:2: the value of default_pool_size, a text of 6 bytes, is not a whole number"},
	{name: "comment behind a text", text: head + "admin_users = a ; x\n"},
	{name: "comment behind a section", text: "[pgbouncer] ; x\n[databases] # y\nd1 = pool_size=5\n", old: "d1 5!"},
	{name: "comment that goes on", text: head + "[databases]\n; a \\\nd1 = pool_size=5\n", old: "d1 5!"},

	{name: "item behind a section", text: "[pgbouncer] default_pool_size=8\n[databases] d1=host=h pool_size=4\n", old: "default 8; d1 4! host=h"},
	{name: "two sections on a line", text: "[pgbouncer] [databases] d1=pool_size=4\n", old: "d1 4!"},
	{name: "two sections glued", text: "[pgbouncer][databases]d1=pool_size=4\n", old: "d1 4!"},
	{name: "section with blanks", text: "[ pgbouncer ]\n", old: "!main.ini:1: the section […] is not known to PgBouncer 1.18", new: "!main.ini:1: the section […] is not known to PgBouncer 1.24"},
	{name: "section in capitals", text: "[PgBouncer]\n", old: "!main.ini:1: the section [PgBouncer] is not known to PgBouncer 1.18", new: "!main.ini:1: the section [PgBouncer] is not known to PgBouncer 1.24"},
	{name: "section not closed", text: head + "[databases\nd1 = x\n", old: "!main.ini:2: it is neither a [section], a key = value nor a comment"},
	{name: "section without a name", text: head + "[]\n", old: "!main.ini:2: the section […] is not known to PgBouncer 1.18", new: "!main.ini:2: the section […] is not known to PgBouncer 1.24"},
	{name: "section unknown", text: head + "[database]\n", old: "!main.ini:2: the section [database] is not known to PgBouncer 1.18", new: "!main.ini:2: the section [database] is not known to PgBouncer 1.24"},
	{name: "section of peers", text: head + "[peers]\n1 = host=/tmp port=6543 pool_size=3\n", old: "!main.ini:2: the section [peers] is not known to PgBouncer 1.18", new: "-"},
	{name: "peer without a host", text: head + "[peers]\n1 = port=6543\n", old: "!main.ini:2: the section [peers] is not known to PgBouncer 1.18", new: "!main.ini:3: a peer needs host="},
	{name: "peer with a bad id", text: head + "[peers]\n0 = host=h\n", old: "!main.ini:2: the section [peers] is not known to PgBouncer 1.18", new: "!main.ini:3: the id of a peer is a number from 1 to 65535"},
	{name: "peer with a large id", text: head + "[peers]\n65536 = host=h\n", old: "!main.ini:2: the section [peers] is not known to PgBouncer 1.18", new: "!main.ini:3: the id of a peer is a number from 1 to 65535"},
	{name: "peer with a wrapped id", text: head + "[peers]\n4294967297 = host=h\n", old: "!main.ini:2: the section [peers] is not known to PgBouncer 1.18", new: "!main.ini:3: the id of a peer is a number from 1 to 65535"},
	{name: "peer with an unknown key", text: head + "[peers]\n1 = host=h dbname=x\n", old: "!main.ini:2: the section [peers] is not known to PgBouncer 1.18", new: "!main.ini:3: key 2 of the line, dbname, is not known to PgBouncer 1.24: it is a key of [databases]"},
	{name: "peer with leading zeros", text: head + "[peers]\n007 = host=h\n", old: "!main.ini:2: the section [peers] is not known to PgBouncer 1.18", new: "-"},
	{name: "key before a section", text: "a = b\n" + head, old: "!main.ini:1: a key stands before the first [section]"},

	{name: "no equals sign", text: head + "[databases]\nd1\n", old: "!main.ini:3: it is neither a [section], a key = value nor a comment"},
	{name: "colon", text: head + "[databases]\nd1: pool_size=5\n", old: "!main.ini:3: it is neither a [section], a key = value nor a comment"},
	{name: "no key", text: head + "[databases]\n= pool_size=5\n", old: " 5!"},
	{name: "blanks around equals", text: head + "[databases]\nd1 \t = \t pool_size  =  5   reserve_pool=  2\n", old: "d1 5! reserve=2"},
	{name: "no blanks", text: head + "[databases]\nd1=pool_size=5 host=h\n", old: "d1 5! host=h"},
	{name: "key with punctuation", text: head + "[databases]\na.b-c_d*9 = pool_size=5\n", old: "a.b-c_d*9 5!"},
	{name: "key in double quotes", text: head + "[databases]\n\"d1\" = pool_size=5\n", old: "!main.ini:3: it is neither a [section], a key = value nor a comment"},
	{name: "key in single quotes", text: head + "[databases]\n'd1' = pool_size=5\n", old: "!main.ini:3: it is neither a [section], a key = value nor a comment"},
	{name: "key in utf-8", text: head + "[databases]\nd\u00e4 = pool_size=5\n", old: "!main.ini:3: it is neither a [section], a key = value nor a comment"},
	{name: "key and newline", text: head + "[databases]\nd1\n= pool_size=5\n", old: "!main.ini:3: it is neither a [section], a key = value nor a comment"},
	{name: "value on the next line", text: head + "[databases]\nd1 =\npool_size=5\n", old: "!main.ini:4: key 1 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "line goes on", text: head + "[databases]\nd1 = host=h \\\npool_size=5\n", old: "!main.ini:3: key 2 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "line goes on and is the last", text: head + "[databases]\nd1 = host=h \\\n  pool_size=5\nd2=\n", old: "!main.ini:3: key 2 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "no value", text: head + "[databases]\nd1 =\nd2 = \nd3=\t\r\nd4 =", old: "d1 20; d2 20; d3 20; d4 20"},
	{name: "long line", text: head + "[databases]\nd1 = host=" + long(20000) + " pool_size=5\n", old: "d1 5! host=xxx…20000"},

	{name: "tab in a value", text: head + "[databases]\nd1 = host=h\tpool_size=5\n", old: "d1 20 host=h\tpool_size=5"},
	{name: "tab before a key", text: head + "[databases]\nd1 = host=h \tpool_size=5\n", old: "!main.ini:3: key 2 of the line, pool_size, is not known to PgBouncer 1.18: a tab stands beside it, and only blanks separate keys", new: "!main.ini:3: key 2 of the line, pool_size, is not known to PgBouncer 1.24: a tab stands beside it, and only blanks separate keys"},
	{name: "tab before equals", text: head + "[databases]\nd1 = pool_size\t=5\n", old: "!main.ini:3: key 1 of the line, pool_size, is not known to PgBouncer 1.18: a tab stands beside it, and only blanks separate keys", new: "!main.ini:3: key 1 of the line, pool_size, is not known to PgBouncer 1.24: a tab stands beside it, and only blanks separate keys"},
	{name: "tab after equals", text: head + "[databases]\nd1 = pool_size=\t5\n", old: "d1 5!"},
	{name: "tab is the value", text: head + "[databases]\nd1 = pool_size=\t host=h\n", old: "d1 0! host=h"},
	{name: "carriage return in a value", text: head + "[databases]\nd1 = pool_size=5\rhost=h\n", old: "d1 5!"},
	{name: "quoted", text: head + "[databases]\nd1 = host='h' pool_size='5' dbname='a b'\n", old: "d1 5! host=h dbname=a b"},
	{name: "quotes doubled", text: head + "[databases]\nd1 = dbname='it''s' pool_size=5\n", old: "d1 5! dbname=it's"},
	{name: "quoted key in a value", text: head + "[databases]\nd1 = host='x pool_size=9' pool_size=5\n", old: "d1 5! host=x pool_size=9"},
	{name: "quote within", text: head + "[databases]\nd1 = host=a'b pool_size=5\n", old: "d1 5! host=a'b"},
	{name: "quote not closed", text: head + "[databases]\nd1 = host='a pool_size=5\n", old: "!main.ini:3: key 1 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "quote closed by a doubled one", text: head + "[databases]\nd1 = host='a'' pool_size=5\n", old: "!main.ini:3: key 1 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "byte behind a quote", text: head + "[databases]\nd1 = host='a'xpool_size=5 dbname='b'y\n", old: "d1 5! host=a dbname=b"},
	{name: "blank after a quoted equals", text: head + "[databases]\nd1 = host= 'a'  pool_size=  '5'\n", old: "d1 5! host=a"},
	{name: "empty in quotes", text: head + "[databases]\nd1 = host='' pool_size=5\n", old: "!main.ini:3: key 1 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "empty at the end", text: head + "[databases]\nd1 = pool_size=5 host=\n", old: "!main.ini:3: key 2 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "empty in the middle", text: head + "[databases]\nd1 = host= pool_size=5\n", old: "d1 20 host=pool_size=5"},
	{name: "password with a blank", text: head + "[databases]\nd1 = password=hush word pool_size=5\n", old: "!main.ini:3: key 2 of the line is no key=value: its value is empty or has a quote that is not closed, or a comment stands there, which must have a line of its own"},
	{name: "key twice", text: head + "[databases]\nd1 = pool_size=3 pool_size=5\n", old: "d1 5!"},
	{name: "reserve in two spellings", text: head + "[databases]\nd1 = reserve_pool=3 reserve_pool_size=5\n", old: "!main.ini:3: the key reserve_pool_size came with 1.24, and this is PgBouncer 1.18", new: "d1 20 reserve=5"},
	{name: "key in capitals", text: head + "[databases]\nd1 = POOL_SIZE=3\n", old: "!main.ini:3: key 1 of the line, POOL_SIZE, is not known to PgBouncer 1.18: keys are in small letters", new: "!main.ini:3: key 1 of the line, POOL_SIZE, is not known to PgBouncer 1.24: keys are in small letters"},
	{name: "key of another section", text: head + "[databases]\nd1 = host=h default_pool_size=3\n",
		old: "!main.ini:3: key 2 of the line, default_pool_size, is not known to PgBouncer 1.18: most likely pool_size",
		new: "!main.ini:3: key 2 of the line, default_pool_size, is not known to PgBouncer 1.24: most likely pool_size"},
	{name: "key of a user", text: head + "[databases]\nd1 = max_user_connections=3\n",
		old: "!main.ini:3: key 1 of the line, max_user_connections, is not known to PgBouncer 1.18: it is a key of [users]",
		new: "!main.ini:3: key 1 of the line, max_user_connections, is not known to PgBouncer 1.24: it is a key of [users]"},
	{name: "key of libpq", text: head + "[databases]\nd1 = sslmode=require\n",
		old: "!main.ini:3: key 1 of the line, sslmode, is not known to PgBouncer 1.18: most likely server_tls_sslmode of [pgbouncer]",
		new: "!main.ini:3: key 1 of the line, sslmode, is not known to PgBouncer 1.24: most likely server_tls_sslmode of [pgbouncer]"},
	{name: "key with letters swapped", text: head + "[databases]\nd1 = dbnmae=x\n",
		old: "!main.ini:3: key 1 of the line, dbnmae, is not known to PgBouncer 1.18: most likely dbname",
		new: "!main.ini:3: key 1 of the line, dbnmae, is not known to PgBouncer 1.24: most likely dbname"},
	{name: "short key misspelt", text: head + "[databases]\nd1 = hots=h\n",
		old: "!main.ini:3: key 1 of the line is not known to PgBouncer 1.18: most likely host",
		new: "!main.ini:3: key 1 of the line is not known to PgBouncer 1.24: most likely host"},
	{name: "key of a line among the settings", text: head + "pool_size = 3\n",
		old: "!main.ini:2: the key pool_size is not known to PgBouncer 1.18: most likely default_pool_size",
		new: "!main.ini:2: the key pool_size is not known to PgBouncer 1.24: most likely default_pool_size"},
	{name: "key of a database for a user", text: head + "[users]\nreserved = max_db_connections=3\n",
		old: "!main.ini:3: key 1 of the line, max_db_connections, is not known to PgBouncer 1.18: most likely max_user_connections",
		new: "!main.ini:3: key 1 of the line, max_db_connections, is not known to PgBouncer 1.24: most likely max_user_connections"},
	{name: "key unknown", text: head + "[databases]\nd1 = pool_sizes=3\n", old: "!main.ini:3: key 1 of the line, pool_sizes, is not known to PgBouncer 1.18: most likely pool_size", new: "!main.ini:3: key 1 of the line, pool_sizes, is not known to PgBouncer 1.24: most likely pool_size"},
	{name: "pool mode unknown", text: head + "[databases]\nd1 = pool_mode=sessions\n", old: "!main.ini:3: the value of pool_mode is not one of its words"},
	{name: "port zero", text: head + "[databases]\nd1 = port=0\n", old: "!main.ini:3: the value of port is not a port"},
	{name: "port is a word", text: head + "[databases]\nd1 = port=pg\n", old: "!main.ini:3: the value of port is not a port"},
	{name: "port with junk", text: head + "[databases]\nd1 = port=5433x\n", old: "d1 20 port=5433"},
	{name: "port below zero", text: head + "[databases]\nd1 = port=-1\n", old: "d1 20 port=-1"},
	{name: "keys of 1.19", text: head + "[databases]\nd1 = auth_dbname=x\n", old: "!main.ini:3: the key auth_dbname came with 1.19, and this is PgBouncer 1.18", new: "d1 20"},
	{name: "keys of 1.22", text: head + "[databases]\nd1 = auth_query='SELECT 1'\n", old: "!main.ini:3: the key auth_query came with 1.22, and this is PgBouncer 1.18", new: "d1 20"},
	{name: "keys of 1.23", text: head + "[databases]\nd1 = server_lifetime=3\n", old: "!main.ini:3: the key server_lifetime came with 1.23, and this is PgBouncer 1.18", new: "d1 20"},
	{name: "keys of 1.24", text: head + "[databases]\nd1 = reserve_pool_size=3 load_balance_hosts=Disable max_db_client_connections=3\n", old: "!main.ini:3: the key reserve_pool_size came with 1.24, and this is PgBouncer 1.18", new: "d1 20 reserve=3"},
	{name: "load balance unknown", text: head + "[databases]\nd1 = load_balance_hosts=any\n", old: "!main.ini:3: the key load_balance_hosts came with 1.24, and this is PgBouncer 1.18", new: "!main.ini:3: the value of load_balance_hosts is not one of its words"},
	{name: "every text", text: head + "[databases]\nd1 = connect_query='SELECT 1' application_name=a client_encoding=UTF8 datestyle=ISO timezone=UTC password=x auth_user=a\n", old: "d1 20"},

	{name: "number with junk", text: head + "[databases]\nd1 = pool_size=7x\n", old: "d1 7!"},
	{name: "number with zeros", text: head + "[databases]\nd1 = pool_size=010\n", old: "d1 10!"},
	{name: "number in hexadecimal", text: head + "[databases]\nd1 = pool_size=0x10\n", old: "d1 0!"},
	{name: "number is a word", text: head + "[databases]\nd1 = pool_size=abc\n", old: "d1 0!"},
	{name: "number with a sign", text: head + "[databases]\nd1 = pool_size=+7 reserve_pool=-3\n", old: "d1 7!"},
	{name: "number with a point", text: head + "[databases]\nd1 = pool_size=7.9 reserve_pool=1e3\n", old: "d1 7! reserve=1"},
	{name: "number quoted with blanks", text: head + "[databases]\nd1 = pool_size=' 7'\n", old: "d1 7!"},
	{name: "number beyond 31 bits", text: head + "[databases]\nd1 = pool_size=4294967301\nd2 = pool_size=2147483648\n", old: "d1 5!; d2 20!"},
	{name: "number beyond 64 bits", text: head + "[databases]\nd1 = pool_size=99999999999999999999 reserve_pool=-99999999999999999999\n", old: "d1 20!"},
	{name: "setting in octal", text: head + "default_pool_size = 010\n", old: "default 8"},
	{name: "setting in hexadecimal", text: head + "default_pool_size = 0x1F\nreserve_pool_size=0X1f\n", old: "default 31; reserve 31"},
	{name: "setting in hexadecimal without digits", text: head + "default_pool_size = 0x\n", old: "!main.ini:2: the value of default_pool_size, \"0x\", is not a whole number"},
	{name: "setting in binary", text: head + "default_pool_size = 0b101\n", apart: "a PgBouncer with glibc 2.38 or later takes it for 5, others refuse it", old: "!main.ini:2: the value of default_pool_size, \"0b101\", is not a whole number"},
	{name: "setting in bad octal", text: head + "default_pool_size = 08\n", old: "!main.ini:2: the value of default_pool_size, \"08\", is not a whole number"},
	{name: "setting with a sign", text: head + "default_pool_size = -3\nreserve_pool_size = +4\n", old: "default -3; reserve 4"},
	{name: "setting with two signs", text: head + "default_pool_size = --3\n", old: "!main.ini:2: the value of default_pool_size, \"--3\", is not a whole number"},
	{name: "setting with an exponent", text: head + "default_pool_size = 1e3\n", old: "!main.ini:2: the value of default_pool_size, \"1e3\", is not a whole number"},
	{name: "setting empty", text: head + "default_pool_size =\n", old: "!main.ini:2: the value of default_pool_size, a text of 0 bytes, is not a whole number"},
	{name: "setting quoted", text: head + "default_pool_size = '5'\n", old: "!main.ini:2: the value of default_pool_size, a text of 3 bytes, is not a whole number"},
	{name: "setting with white space", text: head + "default_pool_size =\v5\n", old: "default 5"},
	{name: "setting beyond 31 bits", text: head + "default_pool_size = 4294967301\n", old: "default 5"},
	{name: "setting beyond 64 bits", text: head + "default_pool_size = 99999999999999999999\n", old: "default -1"},
	{name: "setting twice", text: head + "default_pool_size = 5\ndefault_pool_size = 6\n", old: "default 6"},
	{name: "setting unknown", text: head + "default_pool_sizes = 5\n", old: "!main.ini:2: the key default_pool_sizes is not known to PgBouncer 1.18: most likely default_pool_size", new: "!main.ini:2: the key default_pool_sizes is not known to PgBouncer 1.24: most likely default_pool_size"},
	{name: "setting in capitals", text: head + "DEFAULT_POOL_SIZE = 5\n", old: "!main.ini:2: the key DEFAULT_POOL_SIZE is not known to PgBouncer 1.18: keys are in small letters", new: "!main.ini:2: the key DEFAULT_POOL_SIZE is not known to PgBouncer 1.24: keys are in small letters"},
	{name: "setting of 1.24", text: head + "max_user_client_connections = 5\n", old: "!main.ini:2: the key max_user_client_connections came with 1.24, and this is PgBouncer 1.18", new: "-"},
	{name: "setting of 1.25", text: head + "transaction_timeout = 5\n", old: "!main.ini:2: the key transaction_timeout came with 1.25, and this is PgBouncer 1.18", new: "!main.ini:2: the key transaction_timeout came with 1.25, and this is PgBouncer 1.24"},
	{name: "setting of windows", text: head + "service_name = x\n", old: "!main.ini:2: the key service_name is not known to PgBouncer 1.18", new: "!main.ini:2: the key service_name is not known to PgBouncer 1.24"},
	{name: "setting that only a start reads", text: head + "listen_backlog = many\npkt_buf=\n"},
	{name: "unsigned below zero", text: head + "max_packet_size = -1\n"},
	{name: "pool mode of all", text: head + "pool_mode = Statement\n"},
	{name: "pool mode of all unknown", text: head + "pool_mode = none\n", old: "!main.ini:2: the value of pool_mode, \"none\", is not one of its words"},
	{name: "sslmode unknown", text: head + "server_tls_sslmode = on\n", old: "!main.ini:2: the value of server_tls_sslmode, \"on\", is not one of its words"},
	{name: "auth_dbname is the console", text: head + "auth_dbname = pgbouncer\n", old: "!main.ini:2: the key auth_dbname came with 1.19, and this is PgBouncer 1.18", new: "!main.ini:2: the value of auth_dbname, \"pgbouncer\", is not another database than the console"},
	{name: "time", text: head + "server_check_delay = 1.5\ndns_max_ttl = .5\ndns_nxdomain_ttl=5.\nsuspend_timeout=1e1\n"},
	{name: "time in hexadecimal", text: head + "server_check_delay = 0x1.8p3\nsuspend_timeout=0x10\n"},
	{name: "time is infinite", text: head + "server_check_delay = inf\n"},
	{name: "time is no number", text: head + "server_check_delay = nan\n"},
	{name: "time below zero", text: head + "server_check_delay = -1\n", old: "!main.ini:2: the value of server_check_delay, \"-1\", is not a number of seconds"},
	{name: "time is minus zero", text: head + "server_check_delay = -0\n"},
	{name: "time with a unit", text: head + "server_check_delay = 5s\n", old: "!main.ini:2: the value of server_check_delay, \"5s\", is not a number of seconds"},
	{name: "time empty", text: head + "server_check_delay =\n", old: "!main.ini:2: the value of server_check_delay, a text of 0 bytes, is not a number of seconds"},
	{name: "time too large", text: head + "server_check_delay = 1e999\n", old: "!main.ini:2: the value of server_check_delay, \"1e999\", is not a number of seconds"},
	{name: "time too small", text: head + "server_check_delay = 1e-999\n", old: "!main.ini:2: the value of server_check_delay, \"1e-999\", is not a number of seconds"},
	{name: "time with an open exponent", text: head + "server_check_delay = 1e\n", old: "!main.ini:2: the value of server_check_delay, \"1e\", is not a number of seconds"},

	{name: "console as an alias", text: head + "[databases]\npgbouncer = pool_size=5\n", old: "!main.ini:3: the name pgbouncer is the console's"},
	{name: "name of 63 bytes", text: head + "[databases]\n" + long(63) + " = pool_size=5\n", old: "xxx…63 5!"},
	{name: "name of 64 bytes", text: head + "[databases]\n" + long(64) + " = pool_size=5\n", old: "!main.ini:3: the name has 64 bytes, at most 63 are taken"},
	{name: "user of 127 bytes", text: head + "[databases]\nd1 = user=" + long(127) + "\n", old: "d1 20 user=xxx…127"},
	{name: "user of 128 bytes", text: head + "[databases]\nd1 = user=" + long(128) + "\n", apart: deadly, old: "!main.ini:3: the name of a user has 128 bytes; with more than 127, the process ends at its second RELOAD"},
	{name: "auth_user of 128 bytes", text: head + "[databases]\nd1 = auth_user=" + long(128) + "\n", apart: deadly, old: "!main.ini:3: the name of a user has 128 bytes; with more than 127, the process ends at its second RELOAD"},
	{name: "forced user taken back", text: head + "[databases]\nd1 = user=u\nd1 = pool_size=5\n", old: "d1 5! user=u again"},
	{name: "autodb", text: head + "[databases]\n* = pool_size=5\nd1 =\n", old: "* 5!; d1 20"},
	{name: "autodb that is no connection string", text: head + "[databases]\n* = pool_size=5 nonsense\n", old: "* 5!"},
	{name: "autodb with an unknown key", text: head + "[databases]\n* = pool_sizes=5\n", old: "* 20"},

	{name: "users", text: head + "[users]\nwith = pool_mode=session max_user_connections=5\nwithout =\n", old: "user with -1/-1/5; user without -1/-1/-1"},
	{name: "users with sizes", text: head + "[users]\nsized = pool_size=5\n", old: "!main.ini:3: the key pool_size came with 1.23, and this is PgBouncer 1.18", new: "user sized 5/-1/-1"},
	{name: "users with reserves", text: head + "[users]\nreserved = pool_size=7x reserve_pool_size=3\n", old: "!main.ini:3: the key pool_size came with 1.23, and this is PgBouncer 1.18", new: "user reserved 7/3/-1"},
	{name: "users with timeouts", text: head + "[users]\ntimed = query_timeout=5 idle_transaction_timeout=1 client_idle_timeout=1 max_user_client_connections=5\n", old: "!main.ini:3: the key query_timeout came with 1.24, and this is PgBouncer 1.18", new: "user timed -1/-1/-1"},
	{name: "users with reserve_pool", text: head + "[users]\nreserved = reserve_pool=3\n", old: "!main.ini:3: key 1 of the line, reserve_pool, is not known to PgBouncer 1.18: most likely reserve_pool_size", new: "!main.ini:3: key 1 of the line, reserve_pool, is not known to PgBouncer 1.24: most likely reserve_pool_size"},
	{name: "users of 1.25", text: head + "[users]\ntimed = transaction_timeout=5\n", old: "!main.ini:3: the key transaction_timeout came with 1.25, and this is PgBouncer 1.18", new: "!main.ini:3: the key transaction_timeout came with 1.25, and this is PgBouncer 1.24"},
	{name: "user twice", text: head + "[users]\ntwice = max_user_connections=5\ntwice = pool_mode=session\n", old: "user twice -1/-1/-1"},
	{name: "user with a long name", text: head + "[users]\nu" + long(127) + " = max_user_connections=5\n", apart: deadly, old: "!main.ini:3: the name of a user has 128 bytes; with more than 127, the process ends at its second RELOAD"},

	{name: "include", text: head + "%include @a.ini\n[databases]\nd1 =\n", files: map[string]string{"a.ini": "default_pool_size = 7\n"}, old: "default 7; d1 7"},
	{name: "include leaves its section", text: head + "%include @a.ini\nd2 = pool_size=6\n", files: map[string]string{"a.ini": "[databases]\nd1 = pool_size=5\n"}, old: "d1 5!; d2 6!"},
	{name: "include begins within a section", text: "[databases]\n%include @a.ini\n[pgbouncer]\n", files: map[string]string{"a.ini": "d1 = pool_size=5\n"}, old: "d1 5!"},
	{name: "include resets", text: head + "default_pool_size=5\n%include @a.ini\n", files: map[string]string{"a.ini": "[pgbouncer]\n"}},
	{name: "include relative", text: head + "%include a.ini\n", files: map[string]string{"a.ini": "default_pool_size = 7\n"}, old: "default 7"},
	{name: "include relative to the working directory", text: head + "%include sub/a.ini\n", files: map[string]string{"sub/a.ini": "%include b.ini\n", "b.ini": "default_pool_size = 7\n", "sub/b.ini": "default_pool_size = 8\n"}, old: "default 7"},
	{name: "include after a tab and with white space behind", text: head + "%include\t \t@a.ini \t\r\n", files: map[string]string{"a.ini": "default_pool_size = 7\n"}, old: "default 7"},
	{name: "include with a blank in the path", text: head + "%include @a b.ini\n", files: map[string]string{"a b.ini": "default_pool_size = 7\n"}, old: "default 7"},
	{name: "include in quotes", text: head + "%include '@a.ini'\n", files: map[string]string{"a.ini": ""}, old: "!main.ini:2: the file of %include cannot be read: /etc/pgbouncer/'/etc/pgbouncer/a.ini': file does not exist"},
	{name: "include without a blank", text: head + "%include@a.ini\n", files: map[string]string{"a.ini": ""}, old: "!main.ini:2: it is neither a [section], a key = value nor a comment"},
	{name: "include after other white space", text: head + "%include\v@a.ini\n", files: map[string]string{"a.ini": ""}, old: "!main.ini:2: it is neither a [section], a key = value nor a comment"},
	{name: "include of nothing", text: head + "%include \n", old: "!main.ini:2: the file of %include cannot be read: /etc/pgbouncer/: file does not exist"},
	{name: "include at the end", text: head + "%include", old: "!main.ini:2: it is neither a [section], a key = value nor a comment"},
	{name: "include in capitals", text: head + "%INCLUDE @a.ini\n", files: map[string]string{"a.ini": ""}, old: "!main.ini:2: it is neither a [section], a key = value nor a comment"},
	{name: "include with a comment", text: head + "%include @a.ini ; x\n", files: map[string]string{"a.ini": ""}, old: "!main.ini:2: the file of %include cannot be read: /etc/pgbouncer/a.ini ; x: file does not exist"},
	{name: "include behind a section", text: "[pgbouncer] %include @a.ini\n", files: map[string]string{"a.ini": "default_pool_size = 7\n"}, old: "default 7"},
	{name: "include of an empty file", text: head + "%include @a.ini\n", files: map[string]string{"a.ini": ""}},
	{name: "include twice", text: "[databases]\n%include @a.ini\n%include @a.ini\n[pgbouncer]\n", files: map[string]string{"a.ini": "d1 = pool_size=5\n"}, old: "d1 5!"},
	{name: "include missing", text: head + "%include @a.ini\n", old: "!main.ini:2: the file of %include cannot be read: /etc/pgbouncer/a.ini: file does not exist"},
	{name: "include with an error", text: head + "%include @a.ini\n", files: map[string]string{"a.ini": "default_pool_size=x\n"}, old: "!a.ini:1: the value of default_pool_size, \"x\", is not a whole number"},
	{name: "include in a circle", text: head + "%include @a.ini\n", files: map[string]string{"a.ini": "%include @a.ini\n"}, old: "!a.ini:1: %include is more than 10 deep"},
	{name: "include ten deep", text: head + "%include @1.ini\n", files: nested(10), old: "default 7"},
	{name: "include eleven deep", text: head + "%include @1.ini\n", files: nested(11), old: "!10.ini:1: %include is more than 10 deep"},
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
