package admin

// BothAddresses reads a DSN as a server's and as a console's.
func BothAddresses(dsn string) map[string]error {
	_, server := ServerAddress("server s", Place{DSN: dsn}, "pgbudget")
	_, console := ConsoleAddress("console g/1", Place{DSN: dsn}, "pgbudget")
	return map[string]error{"a server": server, "a console": console}
}
