package live

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// own is the user to whom PgBouncer gives its console over a Unix socket, where the other end has the uid of the process
// (admin.c, admin_pre_login).
const own = "pgbouncer"

// mayReload refuses a console user whom a RELOAD would be refused to: found before anything is written, and in a dry run.
// The list is that of now; who was let in as an admin stays one for as long as the session lasts.
func (c *console) mayReload(admins string) error {
	user := c.config.User
	listed := slices.ContainsFunc(strings.Split(admins, ","), func(name string) bool { return strings.TrimSpace(name) == user })
	if listed || user == own && strings.HasPrefix(c.config.Host, "/") {
		return nil
	}
	return &operr.Error{Kind: operr.KindEvidence, Subject: c.subject, Hint: adminHint(user),
		Err: fmt.Errorf("%s may look and may not RELOAD: admin access needed, and admin_users is %q", user, admins)}
}

// adminHint says how a console user gets the right to RELOAD.
func adminHint(user string) string {
	return "add " + user + " to admin_users = '…' in the [pgbouncer] section of pgbouncer.ini and RELOAD"
}
