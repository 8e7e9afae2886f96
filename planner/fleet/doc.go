// Package fleet is what one sample of a fleet shows: processes, their databases and users, and the servers behind them.
// Observation is the whole picture, Classify says whose a backend of PostgreSQL is, Size and Limit what PgBouncer
// allows each pool by its version's rules, and a SettingChange is one number of one line that a step changes. Nothing
// is guessed here: what a console does not show is Unknown, and counts as the most that may be.
package fleet
