package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/bouncer/secret"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Limited bounds one pass over one console or server.
func Limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// Plain is an error cut off from the driver's: the driver's keep the whole configuration, password included, within
// reach of whoever unwraps them. Its text has been masked; what may still be told from it is the cause.
type Plain struct {
	text  string
	cause error // *pgconn.PgError, context.DeadlineExceeded, context.Canceled, or nil
}

// Error is the cause on one line without secrets.
func (p Plain) Error() string { return p.text }

// Unwrap returns the cause as far as code asks for it: a PgError without secrets, or the error of a context; nil
// otherwise.
func (p Plain) Unwrap() error { return p.cause }

// cleaned returns err as a plain error in which no secret is left; names are those that the same connection has.
func cleaned(err error, password string, names ...string) Plain {
	p := Plain{text: quote.Line(hidden(oneLine(err.Error()), password, names...))}
	switch pg, ok := errors.AsType[*pgconn.PgError](err); {
	case ok:
		message := quote.Line(hidden(pg.Message, password, names...))
		p.cause = &pgconn.PgError{Severity: pg.Severity, Code: pg.Code, Message: message}
	case errors.Is(err, context.Canceled):
		p.cause = context.Canceled
	case errors.Is(err, context.DeadlineExceeded), timedOut(err):
		p.cause = context.DeadlineExceeded
	}
	return p
}

// timedOut reports whether the network's own time is over: a peer that is stopped may not even take the connection.
func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// hidden masks a password, and no name of a connection that has the same letters.
func hidden(text, password string, names ...string) string {
	return secret.Mask(text, []secret.Secret{{Value: password, Shown: secret.Stars}}, names...)
}

// oneLine puts an error that lists several attempts on one line.
func oneLine(text string) string {
	lines := strings.Split(text, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(kept, line) {
			kept = append(kept, line)
		}
	}
	if len(kept) > 1 && strings.HasSuffix(kept[0], ":") {
		return kept[0] + " " + strings.Join(kept[1:], "; ")
	}
	return strings.Join(kept, "; ")
}

// Fail builds the package's errors.
func Fail(kind operr.Kind, subject string, hint string, format string, args ...any) error {
	return &operr.Error{Kind: kind, Subject: subject, Err: fmt.Errorf(format, args...), Hint: hint}
}

// SqlState returns the SQLSTATE of err, "" when no server spoke.
func SqlState(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// PgBouncer sends nearly every error with SQLSTATE 08P01 (proto.c:164), so its words alone tell one from another. They
// are read by the functions below, and nowhere else, whatever their case: 1.8 has "Unsupported startup parameter" and
// "Auth failed". Source: PgBouncer 1.25.2, at the lines given, compared with 1.8, 1.12 and 1.18.
const (
	textNotAllowed  = "not allowed"                   // admin.c:1863: a user in neither admin_users nor stats_users
	textNeedsAdmin  = "admin access needed"           // admin.c:256: a command for which stats_users is too little
	textNoParameter = "unsupported startup parameter" // client.c:1049: a setting that PgBouncer does not pass on
	textPassword    = "password"                      // client.c:1403: "password authentication failed"
	textLogin       = "authentication"                // client.c:1339: "SASL authentication failed"
	textAuth        = "auth failed"                   // pam.c:287 of 1.8 to 1.18
)

// says reports whether err is a server's message that holds text.
func says(err error, text string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.Contains(strings.ToLower(pg.Message), text)
}

// NotAllowed reports whether a PgBouncer refused its console to a user who is in neither admin_users nor stats_users.
func NotAllowed(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Message == textNotAllowed
}

// NeedsAdmin reports whether a PgBouncer refused a command to a user who is not in admin_users.
func NeedsAdmin(err error) bool { return says(err, textNeedsAdmin) }

// RefusesParameter reports whether a PgBouncer refused a session for a start-up parameter that it does not pass on.
func RefusesParameter(err error) bool { return says(err, textNoParameter) }

// refusesLogin reports whether a server refused the user or the password: PostgreSQL by a code, PgBouncer in words.
func refusesLogin(err error) bool {
	state := SqlState(err)
	return state == stateNoPassword || state == stateNoEntry || says(err, textPassword) || says(err, textLogin) ||
		says(err, textAuth)
}

// SQLSTATEs that tell something here. Source: PostgreSQL's errcodes.txt.
const (
	stateNoPassword     = "28P01" // invalid_password
	stateNoEntry        = "28000" // invalid_authorization_specification: no pg_hba.conf entry, no such role
	stateTooMany        = "53300" // too_many_connections
	StateNoPrivilege    = "42501" // insufficient_privilege: a role without pg_monitor, a console user without admin_users
	stateUnknownSetting = "42704" // undefined_object: SHOW of a setting that PostgreSQL does not have
	stateNoDatabase     = "3D000" // invalid_catalog_name: PostgreSQL's word for a database that is not there
)

// Unreachable is the error for a target that did not answer, or not in time.
func Unreachable(subject string, err Plain, s *Session) error {
	e := &operr.Error{Kind: operr.KindUnreachable, Subject: subject, Err: err}
	switch state := SqlState(err); {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Err = operr.KindUnforeseen, context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		e.Err = Plain{fmt.Sprintf("no answer within %v", s.Timeout), context.DeadlineExceeded}
		if e.Hint = "check whether the process hangs or a firewall drops packets"; s.via != "" {
			e.Hint = "check whether the process hangs, and what the command of via: waits for: " + s.via
		}
	case refusesLogin(err):
		e.Hint = fmt.Sprintf("check the password of %s %s, and the server's list of who may log in", s.Config.User,
			s.source.from)
		if s.source.fault != "" {
			e.Hint = s.source.fault + "; " + e.Hint
		}
	case state == stateTooMany:
		e.Hint = "every slot is taken: end a session there, or grant pg_use_reserved_connections to " + s.Config.User +
			" (PostgreSQL 16 and later)"
	case state != "":
		e.Hint = "the server refused the login: read its log"
	case s.via != "":
		e.Hint = "run the whole command of via: by hand, which begins with " + s.via
	default:
		e.Hint = "check host and port, and that the process runs"
	}
	return operr.By(operr.RuleLogin, e)
}

// Joined joins what went wrong with several targets, sorted by text, so that the same failures read the same.
// Nil errors are left out; the result is nil when nothing is left.
func Joined(errs []error) error {
	errs = slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	slices.SortStableFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
