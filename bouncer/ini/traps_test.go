package ini_test

import "fmt"

// trap is an ini file with something that is read in a way worth a test, and what it comes to. The same files are given
// to real PgBouncers.
type trap struct {
	name  string
	text  string
	files map[string]string // what %include finds
	old   string            // what 1.18 makes of it: see summary; "!…": refused, and what the error says
	new   string            // what 1.24 makes of it; "": the same
}

const head = "[pgbouncer]\n"

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
	{name: "empty", text: ""},
	{name: "no main section", text: "[databases]\nd1 = host=h\n"},
	{name: "a line", text: head + "[databases]\nd1 = host=h1 port=5433 dbname=x pool_size=7 reserve_pool=2 min_pool_size=3 max_db_connections=9 user=u pool_mode=Session\n"},
	{name: "databases first", text: "[databases]\nd1 = host=h\n[pgbouncer]\ndefault_pool_size = 33\n"},
	{name: "databases twice", text: "[databases]\nd1 = pool_size=3\n[pgbouncer]\n[databases]\nd2 = pool_size=4\nd1 = pool_size=5\n"},
	{name: "pgbouncer twice", text: head + "default_pool_size = 33\nreserve_pool_size=2\n[databases]\nd1 =\n[pgbouncer]\nreserve_pool_size=1\n"},
	{name: "defaults", text: head + "default_pool_size=31\nreserve_pool_size=2\nmin_pool_size=1\nmax_db_connections=50\n[databases]\nd1 =\nd2 = pool_size=5 reserve_pool=0 min_pool_size=0 max_db_connections=0\nd3 = pool_size=-1 reserve_pool=-1 min_pool_size=-1 max_db_connections=-1\n"},
	{name: "zero", text: head + "[databases]\nd1 = pool_size=0\n"},

	{name: "no final newline", text: head + "[databases]\nd1 = pool_size=5"},
	{name: "crlf", text: "[pgbouncer]\r\n[databases]\r\nd1 = pool_size=5\r\nd2 =\r\n"},
	{name: "old mac newlines", text: head + "[databases]\rd1 = pool_size=5\r"},
	{name: "white space at the front", text: " \t\v\f\r\n  [pgbouncer]\n\t[databases]\n \t d1 = pool_size=5\n"},
	{name: "trailing white space", text: head + "[databases]\nd1 = pool_size=5 \t\v\f\r\n"},
	{name: "nul ends the file", text: head + "[databases]\nd1 = pool_size=5\n\x00\n[nonsense\n"},
	{name: "nul in a value", text: head + "[databases]\nd1 = pool_size=5\x006 junk\nd2 =\n"},
	{name: "nul in a key", text: head + "[databases]\nd\x001 = pool_size=5\n"},
	{name: "bom", text: "\ufeff" + head},

	{name: "comments", text: "; a\n# b\n" + head + "  ; c\n\t# d\n[databases]\n#d1 = x\n;d2\nd3 = pool_size=3\n;"},
	{name: "comment behind a value", text: head + "[databases]\nd1 = pool_size=5 ; five\n"},
	{name: "hash behind a value", text: head + "[databases]\nd1 = pool_size=5 # five\n"},
	{name: "comment glued to a value", text: head + "[databases]\nd1 = pool_size=5;five\n"},
	{name: "comment behind a number", text: head + "default_pool_size = 44 ; x\n"},
	{name: "comment behind a text", text: head + "admin_users = a ; x\n"},
	{name: "comment behind a section", text: "[pgbouncer] ; x\n[databases] # y\nd1 = pool_size=5\n"},
	{name: "comment that goes on", text: head + "[databases]\n; a \\\nd1 = pool_size=5\n"},

	{name: "item behind a section", text: "[pgbouncer] default_pool_size=8\n[databases] d1=host=h pool_size=4\n"},
	{name: "two sections on a line", text: "[pgbouncer] [databases] d1=pool_size=4\n"},
	{name: "two sections glued", text: "[pgbouncer][databases]d1=pool_size=4\n"},
	{name: "section with blanks", text: "[ pgbouncer ]\n"},
	{name: "section in capitals", text: "[PgBouncer]\n"},
	{name: "section not closed", text: head + "[databases\nd1 = x\n"},
	{name: "section without a name", text: head + "[]\n"},
	{name: "section unknown", text: head + "[database]\n"},
	{name: "section of peers", text: head + "[peers]\n1 = host=/tmp port=6543 pool_size=3\n"},
	{name: "peer without a host", text: head + "[peers]\n1 = port=6543\n"},
	{name: "peer with a bad id", text: head + "[peers]\n0 = host=h\n"},
	{name: "peer with a large id", text: head + "[peers]\n65536 = host=h\n"},
	{name: "peer with a wrapped id", text: head + "[peers]\n4294967297 = host=h\n"},
	{name: "peer with an unknown key", text: head + "[peers]\n1 = host=h dbname=x\n"},
	{name: "peer with leading zeros", text: head + "[peers]\n007 = host=h\n"},
	{name: "key before a section", text: "a = b\n" + head},

	{name: "no equals sign", text: head + "[databases]\nd1\n"},
	{name: "colon", text: head + "[databases]\nd1: pool_size=5\n"},
	{name: "no key", text: head + "[databases]\n= pool_size=5\n"},
	{name: "blanks around equals", text: head + "[databases]\nd1 \t = \t pool_size  =  5   reserve_pool=  2\n"},
	{name: "no blanks", text: head + "[databases]\nd1=pool_size=5 host=h\n"},
	{name: "key with punctuation", text: head + "[databases]\na.b-c_d*9 = pool_size=5\n"},
	{name: "key in double quotes", text: head + "[databases]\n\"d1\" = pool_size=5\n"},
	{name: "key in single quotes", text: head + "[databases]\n'd1' = pool_size=5\n"},
	{name: "key in utf-8", text: head + "[databases]\nd\u00e4 = pool_size=5\n"},
	{name: "key and newline", text: head + "[databases]\nd1\n= pool_size=5\n"},
	{name: "value on the next line", text: head + "[databases]\nd1 =\npool_size=5\n"},
	{name: "line goes on", text: head + "[databases]\nd1 = host=h \\\npool_size=5\n"},
	{name: "line goes on and is the last", text: head + "[databases]\nd1 = host=h \\\n  pool_size=5\nd2=\n"},
	{name: "no value", text: head + "[databases]\nd1 =\nd2 = \nd3=\t\r\nd4 ="},
	{name: "long line", text: head + "[databases]\nd1 = host=" + long(20000) + " pool_size=5\n"},

	{name: "tab in a value", text: head + "[databases]\nd1 = host=h\tpool_size=5\n"},
	{name: "tab before a key", text: head + "[databases]\nd1 = host=h \tpool_size=5\n"},
	{name: "tab before equals", text: head + "[databases]\nd1 = pool_size\t=5\n"},
	{name: "tab after equals", text: head + "[databases]\nd1 = pool_size=\t5\n"},
	{name: "tab is the value", text: head + "[databases]\nd1 = pool_size=\t host=h\n"},
	{name: "carriage return in a value", text: head + "[databases]\nd1 = pool_size=5\rhost=h\n"},
	{name: "quoted", text: head + "[databases]\nd1 = host='h' pool_size='5' dbname='a b'\n"},
	{name: "quotes doubled", text: head + "[databases]\nd1 = dbname='it''s' pool_size=5\n"},
	{name: "quoted key in a value", text: head + "[databases]\nd1 = host='x pool_size=9' pool_size=5\n"},
	{name: "quote within", text: head + "[databases]\nd1 = host=a'b pool_size=5\n"},
	{name: "quote not closed", text: head + "[databases]\nd1 = host='a pool_size=5\n"},
	{name: "quote closed by a doubled one", text: head + "[databases]\nd1 = host='a'' pool_size=5\n"},
	{name: "byte behind a quote", text: head + "[databases]\nd1 = host='a'xpool_size=5 dbname='b'y\n"},
	{name: "blank after a quoted equals", text: head + "[databases]\nd1 = host= 'a'  pool_size=  '5'\n"},
	{name: "empty in quotes", text: head + "[databases]\nd1 = host='' pool_size=5\n"},
	{name: "empty at the end", text: head + "[databases]\nd1 = pool_size=5 host=\n"},
	{name: "empty in the middle", text: head + "[databases]\nd1 = host= pool_size=5\n"},
	{name: "password with a blank", text: head + "[databases]\nd1 = password=hush word pool_size=5\n"},
	{name: "key twice", text: head + "[databases]\nd1 = pool_size=3 pool_size=5\n"},
	{name: "reserve in two spellings", text: head + "[databases]\nd1 = reserve_pool=3 reserve_pool_size=5\n"},
	{name: "key in capitals", text: head + "[databases]\nd1 = POOL_SIZE=3\n"},
	{name: "key unknown", text: head + "[databases]\nd1 = pool_sizes=3\n"},
	{name: "pool mode unknown", text: head + "[databases]\nd1 = pool_mode=sessions\n"},
	{name: "port zero", text: head + "[databases]\nd1 = port=0\n"},
	{name: "port is a word", text: head + "[databases]\nd1 = port=pg\n"},
	{name: "port with junk", text: head + "[databases]\nd1 = port=5433x\n"},
	{name: "port below zero", text: head + "[databases]\nd1 = port=-1\n"},
	{name: "keys of 1.19", text: head + "[databases]\nd1 = auth_dbname=x\n"},
	{name: "keys of 1.22", text: head + "[databases]\nd1 = auth_query='SELECT 1'\n"},
	{name: "keys of 1.23", text: head + "[databases]\nd1 = server_lifetime=3\n"},
	{name: "keys of 1.24", text: head + "[databases]\nd1 = reserve_pool_size=3 load_balance_hosts=Disable max_db_client_connections=3\n"},
	{name: "load balance unknown", text: head + "[databases]\nd1 = load_balance_hosts=any\n"},
	{name: "every text", text: head + "[databases]\nd1 = connect_query='SELECT 1' application_name=a client_encoding=UTF8 datestyle=ISO timezone=UTC password=x auth_user=a\n"},

	{name: "number with junk", text: head + "[databases]\nd1 = pool_size=7x\n"},
	{name: "number with zeros", text: head + "[databases]\nd1 = pool_size=010\n"},
	{name: "number in hexadecimal", text: head + "[databases]\nd1 = pool_size=0x10\n"},
	{name: "number is a word", text: head + "[databases]\nd1 = pool_size=abc\n"},
	{name: "number with a sign", text: head + "[databases]\nd1 = pool_size=+7 reserve_pool=-3\n"},
	{name: "number with a point", text: head + "[databases]\nd1 = pool_size=7.9 reserve_pool=1e3\n"},
	{name: "number quoted with blanks", text: head + "[databases]\nd1 = pool_size=' 7'\n"},
	{name: "number beyond 31 bits", text: head + "[databases]\nd1 = pool_size=4294967301\nd2 = pool_size=2147483648\n"},
	{name: "number beyond 64 bits", text: head + "[databases]\nd1 = pool_size=99999999999999999999 reserve_pool=-99999999999999999999\n"},
	{name: "setting in octal", text: head + "default_pool_size = 010\n"},
	{name: "setting in hexadecimal", text: head + "default_pool_size = 0x1F\nreserve_pool_size=0X1f\n"},
	{name: "setting in hexadecimal without digits", text: head + "default_pool_size = 0x\n"},
	{name: "setting in binary", text: head + "default_pool_size = 0b101\n"},
	{name: "setting in bad octal", text: head + "default_pool_size = 08\n"},
	{name: "setting with a sign", text: head + "default_pool_size = -3\nreserve_pool_size = +4\n"},
	{name: "setting with two signs", text: head + "default_pool_size = --3\n"},
	{name: "setting with an exponent", text: head + "default_pool_size = 1e3\n"},
	{name: "setting empty", text: head + "default_pool_size =\n"},
	{name: "setting quoted", text: head + "default_pool_size = '5'\n"},
	{name: "setting with white space", text: head + "default_pool_size =\v5\n"},
	{name: "setting beyond 31 bits", text: head + "default_pool_size = 4294967301\n"},
	{name: "setting beyond 64 bits", text: head + "default_pool_size = 99999999999999999999\n"},
	{name: "setting twice", text: head + "default_pool_size = 5\ndefault_pool_size = 6\n"},
	{name: "setting unknown", text: head + "default_pool_sizes = 5\n"},
	{name: "setting in capitals", text: head + "DEFAULT_POOL_SIZE = 5\n"},
	{name: "setting of 1.24", text: head + "max_user_client_connections = 5\n"},
	{name: "setting of 1.25", text: head + "transaction_timeout = 5\n"},
	{name: "setting of windows", text: head + "service_name = x\n"},
	{name: "setting that only a start reads", text: head + "listen_backlog = many\npkt_buf=\n"},
	{name: "unsigned below zero", text: head + "max_packet_size = -1\n"},
	{name: "pool mode of all", text: head + "pool_mode = Statement\n"},
	{name: "pool mode of all unknown", text: head + "pool_mode = none\n"},
	{name: "sslmode unknown", text: head + "server_tls_sslmode = on\n"},
	{name: "auth_dbname is the console", text: head + "auth_dbname = pgbouncer\n"},
	{name: "time", text: head + "server_check_delay = 1.5\ndns_max_ttl = .5\ndns_nxdomain_ttl=5.\nsuspend_timeout=1e1\n"},
	{name: "time in hexadecimal", text: head + "server_check_delay = 0x1.8p3\nsuspend_timeout=0x10\n"},
	{name: "time is infinite", text: head + "server_check_delay = inf\n"},
	{name: "time is no number", text: head + "server_check_delay = nan\n"},
	{name: "time below zero", text: head + "server_check_delay = -1\n"},
	{name: "time is minus zero", text: head + "server_check_delay = -0\n"},
	{name: "time with a unit", text: head + "server_check_delay = 5s\n"},
	{name: "time empty", text: head + "server_check_delay =\n"},
	{name: "time too large", text: head + "server_check_delay = 1e999\n"},
	{name: "time too small", text: head + "server_check_delay = 1e-999\n"},
	{name: "time with an open exponent", text: head + "server_check_delay = 1e\n"},

	{name: "console as an alias", text: head + "[databases]\npgbouncer = pool_size=5\n"},
	{name: "name of 63 bytes", text: head + "[databases]\n" + long(63) + " = pool_size=5\n"},
	{name: "name of 64 bytes", text: head + "[databases]\n" + long(64) + " = pool_size=5\n"},
	{name: "user of 127 bytes", text: head + "[databases]\nd1 = user=" + long(127) + "\n"},
	{name: "user of 128 bytes", text: head + "[databases]\nd1 = user=" + long(128) + "\n"},
	{name: "forced user taken back", text: head + "[databases]\nd1 = user=u\nd1 = pool_size=5\n"},
	{name: "autodb", text: head + "[databases]\n* = pool_size=5\nd1 =\n"},
	{name: "autodb that is no connection string", text: head + "[databases]\n* = pool_size=5 nonsense\n"},
	{name: "autodb with an unknown key", text: head + "[databases]\n* = pool_sizes=5\n"},

	{name: "users", text: head + "[users]\nwith = pool_mode=session max_user_connections=5\nwithout =\n"},
	{name: "users with sizes", text: head + "[users]\nsized = pool_size=5\n"},
	{name: "users with reserves", text: head + "[users]\nreserved = pool_size=7x reserve_pool_size=3\n"},
	{name: "users with timeouts", text: head + "[users]\ntimed = query_timeout=5 idle_transaction_timeout=1 client_idle_timeout=1 max_user_client_connections=5\n"},
	{name: "users with reserve_pool", text: head + "[users]\nreserved = reserve_pool=3\n"},
	{name: "users of 1.25", text: head + "[users]\ntimed = transaction_timeout=5\n"},
	{name: "user twice", text: head + "[users]\ntwice = max_user_connections=5\ntwice = pool_mode=session\n"},
	{name: "user with a long name", text: head + "[users]\nu" + long(200) + " = max_user_connections=5\n"},

	{name: "include", text: head + "%include @a.ini\n[databases]\nd1 =\n", files: map[string]string{"a.ini": "default_pool_size = 7\n"}},
	{name: "include leaves its section", text: head + "%include @a.ini\nd2 = pool_size=6\n", files: map[string]string{"a.ini": "[databases]\nd1 = pool_size=5\n"}},
	{name: "include begins within a section", text: "[databases]\n%include @a.ini\n[pgbouncer]\n", files: map[string]string{"a.ini": "d1 = pool_size=5\n"}},
	{name: "include resets", text: head + "default_pool_size=5\n%include @a.ini\n", files: map[string]string{"a.ini": "[pgbouncer]\n"}},
	{name: "include relative", text: head + "%include a.ini\n", files: map[string]string{"a.ini": "default_pool_size = 7\n"}},
	{name: "include relative to the working directory", text: head + "%include sub/a.ini\n", files: map[string]string{"sub/a.ini": "%include b.ini\n", "b.ini": "default_pool_size = 7\n", "sub/b.ini": "default_pool_size = 8\n"}},
	{name: "include after a tab and with white space behind", text: head + "%include\t \t@a.ini \t\r\n", files: map[string]string{"a.ini": "default_pool_size = 7\n"}},
	{name: "include with a blank in the path", text: head + "%include @a b.ini\n", files: map[string]string{"a b.ini": "default_pool_size = 7\n"}},
	{name: "include in quotes", text: head + "%include '@a.ini'\n", files: map[string]string{"a.ini": ""}},
	{name: "include without a blank", text: head + "%include@a.ini\n", files: map[string]string{"a.ini": ""}},
	{name: "include of nothing", text: head + "%include \n"},
	{name: "include at the end", text: head + "%include"},
	{name: "include in capitals", text: head + "%INCLUDE @a.ini\n", files: map[string]string{"a.ini": ""}},
	{name: "include with a comment", text: head + "%include @a.ini ; x\n", files: map[string]string{"a.ini": ""}},
	{name: "include behind a section", text: "[pgbouncer] %include @a.ini\n", files: map[string]string{"a.ini": "default_pool_size = 7\n"}},
	{name: "include of an empty file", text: head + "%include @a.ini\n", files: map[string]string{"a.ini": ""}},
	{name: "include twice", text: "[databases]\n%include @a.ini\n%include @a.ini\n[pgbouncer]\n", files: map[string]string{"a.ini": "d1 = pool_size=5\n"}},
	{name: "include missing", text: head + "%include @a.ini\n"},
	{name: "include with an error", text: head + "%include @a.ini\n", files: map[string]string{"a.ini": "default_pool_size=x\n"}},
	{name: "include in a circle", text: head + "%include @a.ini\n", files: map[string]string{"a.ini": "%include @a.ini\n"}},
	{name: "include ten deep", text: head + "%include @1.ini\n", files: nested(10)},
	{name: "include eleven deep", text: head + "%include @1.ini\n", files: nested(11)},
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
