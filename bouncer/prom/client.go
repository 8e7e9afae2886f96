package prom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/config"

	"github.com/pgbudget/pgbudget/bouncer/secret"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// DefaultTimeout is how long one request may take. chosen: 30 s because that is a quarter of Prometheus's own
// --query.timeout; what takes longer should be a recording rule.
const DefaultTimeout = 30 * time.Second

// Client asks one Prometheus server. Several goroutines may use it at once.
type Client struct {
	Timeout time.Duration // of one request, not of a whole History; DefaultTimeout unless set before use

	shown string // the server's URL without credentials, for messages
	api   v1.API
	wire  *wire
	now   func() time.Time
}

// New returns a client for the Prometheus server at address, as in "https://prom:9090/prefix". httpConfig is YAML as
// Prometheus itself reads it (http_config: basic_auth, authorization, oauth2, tls_config, proxy_url …); empty is none.
// Credentials may stand in the address or in httpConfig, not in both. No request is made. Every error is of KindUsage,
// and shows no credentials.
func New(address string, httpConfig []byte) (*Client, error) {
	u, err := parseAddress(address)
	if err != nil {
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: "prometheus url " + secret.URL(address), Err: err,
			Hint: "write it as http://host:9090 or https://host/prefix"}
	}
	bad := func(err error) error {
		return &operr.Error{Kind: operr.KindUsage, Subject: "prometheus http_config", Err: err,
			Hint: "the keys are those of http_config in Prometheus's own configuration"}
	}
	cfg, err := loadHTTPConfig(httpConfig)
	if err != nil {
		return nil, bad(err)
	}
	if u.User != nil {
		if cfg.BasicAuth != nil || cfg.Authorization != nil || cfg.OAuth2 != nil {
			return nil, bad(errors.New("credentials stand both in the url and in http_config"))
		}
		password, _ := u.User.Password()
		cfg.BasicAuth = &config.BasicAuth{Username: u.User.Username(), Password: config.Secret(password)}
		u.User = nil // from here on no URL holds a secret
	}
	client, err := config.NewClientFromConfig(cfg, "pgbudget", config.WithUserAgent("pgbudget"))
	if err != nil {
		return nil, bad(errors.New(secret.URLs(err.Error())))
	}
	// The transport adds its credentials to every request, a redirected one too: none may leave for another host.
	follow := client.CheckRedirect
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
			return fmt.Errorf("it redirects to %s: set the url to that", req.URL.Host)
		}
		if follow != nil {
			return follow(req, via)
		}
		if len(via) >= 10 {
			return errors.New("it redirects without end")
		}
		return nil
	}
	w := &wire{next: client.Transport}
	client.Transport = w
	shown := strings.TrimRight(u.String(), "/")
	c, err := api.NewClient(api.Config{Address: shown, Client: client})
	if err != nil {
		return nil, bad(errors.New(secret.URLs(err.Error())))
	}
	return &Client{Timeout: DefaultTimeout, shown: shown, api: v1.NewAPI(c), wire: w, now: time.Now}, nil
}

// URL returns the server's address without credentials.
func (c *Client) URL() string { return c.shown }

// Close closes idle connections. The client may be used again.
func (c *Client) Close() { (&http.Client{Transport: c.wire}).CloseIdleConnections() }

// parseAddress accepts http and https URLs with a host. Its errors quote nothing of the text: what url.Parse says may
// contain a part of a password with unusual characters.
func parseAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("this is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the scheme must be http or https")
	case u.Hostname() == "":
		return nil, errors.New("it names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it must end with the path: no ? and no #")
	}
	return u, nil
}

// loadHTTPConfig reads http_config; an empty text gives Prometheus's own defaults.
func loadHTTPConfig(text []byte) (config.HTTPClientConfig, error) {
	if strings.TrimSpace(string(text)) == "" {
		return config.DefaultHTTPClientConfig, nil
	}
	cfg, err := config.LoadHTTPConfig(string(text))
	if err != nil {
		return config.HTTPClientConfig{}, fmt.Errorf("%s", secret.URLs(err.Error()))
	}
	return *cfg, nil
}

// MaxAnswerBytes bounds what one answer may weigh. chosen: so much because 11,000 values of 200 series take
// about 60 MB as JSON.
const MaxAnswerBytes = 64 << 20

// wire is the outermost round tripper: it checks every answer before the API client does, because that one reads
// without bound, quotes the body in its errors, and knows no difference between Prometheus and the login page of a
// proxy.
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
	case code/100 == 2 && isJSON && !isAnswer(body): // of which the API client makes an empty one
		a.text, a.hint = "JSON that is not Prometheus's", "is this the url of Prometheus itself?"
	case code/100 == 2 && isJSON, code == http.StatusBadRequest && isJSON, code == http.StatusUnprocessableEntity &&
		isJSON:
		return nil
	case code == http.StatusTemporaryRedirect, code == http.StatusPermanentRedirect, code/100 == 3 &&
		req.Method == http.MethodGet:
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
		a.hint = "Prometheus may be starting or overloaded: check its /-/ready"
	case code/100 == 2:
		a.hint = "is this the url of Prometheus, or of a proxy or a user interface before it?"
	}
	return a
}

// isAnswer reports whether JSON has a status and, with success, data. Prometheus writes the status first, so that
// hardly more than that is read here. What breaks off is left to the API client.
func isAnswer(body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	_, err := d.Token()
	var status json.Token
	data := false
	for err == nil && d.More() {
		var key, value json.Token
		if key, err = d.Token(); err != nil {
			break
		}
		var skipped json.RawMessage
		switch {
		case key == "status":
			status, err = d.Token()
		case key == "data" && status != nil: // the first token is enough
			if value, err = d.Token(); err == nil {
				return status != "success" || value != nil
			}
		default:
			err = d.Decode(&skipped)
			data = data || key == "data" && string(skipped) != "null"
		}
		if status == "error" {
			return true
		}
	}
	return err != nil || status == "success" && data
}

// describe says what kind of body came. Only the message of an error in Prometheus's own form is quoted.
func describe(resp *http.Response, body []byte) string {
	var own struct{ Status, ErrorType, Error string }
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return "an empty body"
	case json.Unmarshal(trimmed, &own) == nil && own.Status == "error":
		return strings.TrimPrefix(own.ErrorType+": "+own.Error, ": ")
	case strings.Contains(resp.Header.Get("Content-Type"), "html"), bytes.HasPrefix(trimmed, []byte("<")):
		return "an HTML page"
	}
	return "not Prometheus's form of answer"
}
