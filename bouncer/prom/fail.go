package prom

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/pgbudget/pgbudget/bouncer/secret"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// fail turns what a request ended with into an error about subject. ctx is the caller's, without the request's own
// time-out. The text names the server, never a secret; nothing of the cause's text survives unmasked.
func (c *Client) fail(ctx context.Context, subject string, err error) error {
	e := &operr.Error{Kind: operr.KindUnreachable, Subject: subject}
	var own *v1.Error
	var came *answer
	var network *url.Error
	switch {
	case ctx.Err() != nil:
		e.Err = fmt.Errorf("%s was interrupted before its answer: %w", c.shown, ctx.Err())
		return e
	case errors.Is(err, context.DeadlineExceeded):
		e.Err = fmt.Errorf("no answer from %s within %s: %w", c.shown, c.Timeout, context.DeadlineExceeded)
		e.Hint = "ask for less, or find out what keeps Prometheus busy"
		return e
	case errors.As(err, &came):
		e.Err = c.masked("%s answered %s", c.shown, came.Error())
		e.Hint = came.hint
	case isString(err):
		e.Kind = operr.KindUsage
		e.Err = errors.New("the query gives a string, not a number")
		e.Hint = "a signal is one number"
	case errors.As(err, &own) && own.Type != v1.ErrBadResponse:
		c.refused(e, own)
	case errors.As(err, &network):
		e.Err = c.masked("%s: %s", c.shown, network.Err)
		e.Hint = "check prometheus.url, that Prometheus runs there, and tls_config if it speaks TLS"
	default: // the JSON decoder, whose message quotes the answer
		e.Err = fmt.Errorf("%s answered with JSON that is not Prometheus's", c.shown)
		e.Hint = "is this the url of Prometheus itself?"
	}
	return e
}

// What Prometheus and its client say without a code is read here, and nowhere else.
const (
	// textString is the client's word for a query whose value is a string. Source: client_golang 1.25.0,
	// api/prometheus/v1/api_126.go:217.
	textString = `unexpected value type "string"`
	// textStyle begins a remark about the style of a query, which Prometheus 2.48 to 2.54 sent among the warnings. Source:
	// Prometheus, util/annotations/annotations.go, PromQLInfo.
	textStyle = "PromQL info:"
)

// isString reports whether a query gave a string, which the API client cannot read.
func isString(err error) bool { return strings.Contains(err.Error(), textString) }

// refused fills in e from an error in Prometheus's own form.
func (c *Client) refused(e *operr.Error, own *v1.Error) {
	switch own.Type {
	case v1.ErrBadData:
		e.Kind = operr.KindUsage
		e.Err = c.masked("%s refuses the query: %s", c.shown, own.Msg)
		e.Hint = "correct the query or the selector; try it in Prometheus's own user interface"
	case v1.ErrExec:
		e.Kind = operr.KindEvidence
		e.Err = c.masked("%s cannot evaluate the query: %s", c.shown, own.Msg)
		e.Hint = "try the query in Prometheus's own user interface"
	case v1.ErrBadResponse:
		e.Err = fmt.Errorf("%s answered with JSON that is not Prometheus's", c.shown)
		e.Hint = "is this the url of Prometheus itself?"
	default:
		e.Err = c.masked("%s: %s", c.shown, own.Error())
	}
}

// masked formats an error text and takes out every secret that the newest request carried.
func (c *Client) masked(format string, args ...any) error {
	text := secret.URLs(fmt.Sprintf(format, args...))
	if carried := c.wire.carried.Load(); carried != nil {
		text = carried.mask(text)
	}
	return errors.New(strings.ReplaceAll(text, "\n", " "))
}

// warned turns warnings into an error: they say that the answer may be partial (a remote store or a Thanos peer that
// did not answer), and partial data must not pass. Remarks about the style of the query are ignored.
func (c *Client) warned(subject string, warnings v1.Warnings) error {
	for _, w := range warnings {
		if strings.HasPrefix(w, textStyle) {
			continue
		}
		return &operr.Error{Kind: operr.KindEvidence, Subject: subject,
			Err:  c.masked("%s warns that its answer may be incomplete: %s", c.shown, w),
			Hint: "check the stores behind this Prometheus"}
	}
	return nil
}
