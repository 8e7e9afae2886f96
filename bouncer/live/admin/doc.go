// Package admin keeps sessions to the admin consoles of PgBouncer: what a DSN means and which words of it are refused,
// whether a console answers as the same process as before, what SHOW prints by the names of its columns, and what each
// version can do: RELOAD, SET, read back.
package admin
