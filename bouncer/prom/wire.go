package prom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// MaxAnswerBytes bounds what one answer may weigh. Chosen: 11,000 points of 200 series take about 60 MB as JSON.
const MaxAnswerBytes = 64 << 20

// wire is the outermost round tripper: it looks at every answer before the API client does, because that one reads
// without bound, quotes the body in its errors, and knows no difference between Prometheus and the login page of a proxy.
type wire struct {
	next    http.RoundTripper
	carried atomic.Pointer[carried] // by the newest request, files and tokens included
}

// answer is an HTTP answer that is not Prometheus's result; it is an error.
type answer struct {
	status int
	text   string // what came instead, without quoting any of it but Prometheus's own message
	hint   string
}

func (a *answer) Error() string {
	s := fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	if a.text != "" {
		s += ", " + a.text
	}
	return strings.TrimSpace(s)
}

// RoundTrip passes on what the API client can make sense of, and turns everything else into an *answer.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.Request != nil { // the request as it was sent, with its credentials
		c := carriedBy(resp.Request.Header, resp.Request.URL.Hostname())
		w.carried.Store(&c)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswerBytes+1))
	if err != nil {
		return nil, err
	}
	if a := judge(req, resp, body); a != nil {
		return nil, a
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// CloseIdleConnections lets http.Client reach the transport below.
func (w *wire) CloseIdleConnections() { (&http.Client{Transport: w.next}).CloseIdleConnections() }

// judge returns nil when the API client can deal with the answer: JSON with 2xx, 400 or 422; a redirect that keeps the
// request; 405 and 501, after which it asks again by GET.
func judge(req *http.Request, resp *http.Response, body []byte) *answer {
	a := &answer{status: resp.StatusCode, text: describe(resp, body)}
	isJSON := bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
	switch code := resp.StatusCode; {
	case len(body) > MaxAnswerBytes:
		a.text = fmt.Sprintf("more than %d MB", MaxAnswerBytes>>20)
		a.hint = "aggregate in the query (sum, avg, max), or use a recording rule"
	case code/100 == 2 && isJSON, code == http.StatusBadRequest && isJSON, code == http.StatusUnprocessableEntity && isJSON:
		return nil
	case code == http.StatusTemporaryRedirect, code == http.StatusPermanentRedirect, code/100 == 3 && req.Method == http.MethodGet:
		return nil
	case code == http.StatusMethodNotAllowed, code == http.StatusNotImplemented:
		return nil
	case code/100 == 3: // a POST would come out as a GET without its query
		a.text = "a redirect"
		if to, err := url.Parse(resp.Header.Get("Location")); err == nil && to.Host != "" {
			a.text += " to " + to.Scheme + "://" + to.Host
		}
		a.hint = "set the Prometheus url to where it redirects to"
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		a.hint = "check basic_auth or authorization in the Prometheus http_config"
	case code == http.StatusNotFound:
		a.hint = "the url must be the one under which Prometheus serves /api/v1, with its path prefix if it has one"
	case code == http.StatusServiceUnavailable:
		a.hint = "Prometheus may be starting or overloaded: look at its /-/ready"
	case code/100 == 2:
		a.hint = "is this the url of Prometheus, or of a proxy or a user interface before it?"
	}
	return a
}

// describe says what kind of body came. Only the message of an error in Prometheus's own form is quoted.
func describe(resp *http.Response, body []byte) string {
	var own struct{ Status, ErrorType, Error string }
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return "an empty body"
	case json.Unmarshal(trimmed, &own) == nil && own.Error != "":
		return strings.TrimPrefix(own.ErrorType+": "+own.Error, ": ")
	case strings.Contains(resp.Header.Get("Content-Type"), "html"), bytes.HasPrefix(trimmed, []byte("<")):
		return "an HTML page"
	}
	return "not Prometheus's form of answer"
}
