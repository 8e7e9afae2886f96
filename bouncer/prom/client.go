package prom

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/config"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// DefaultTimeout is how long one request may take. Chosen: a quarter of Prometheus's own --query.timeout of two
// minutes; what takes longer should be a recording rule.
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
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: "prometheus url " + maskURL(address), Err: err,
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
		return nil, bad(errors.New(maskText(err.Error())))
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
		return nil, bad(errors.New(maskText(err.Error())))
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
		return config.HTTPClientConfig{}, fmt.Errorf("%s", maskText(err.Error()))
	}
	return *cfg, nil
}
