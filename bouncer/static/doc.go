// Package static says what pgbouncer.ini files alone let their processes open, in the worst case, and whether a server
// has room for that. No console and no server is asked: what files do not say, such as who may log in by auth_query, is
// declared by the caller or reported as not known.
package static
