package prom_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// secret is the password of all tests; output that holds any part of it has leaked one.
const secret = "hush-hush"

// secretHash is its bcrypt hash, as Prometheus wants it in its web configuration.
const secretHash = "$2b$04$MbSc2N13ANfaTmzdf4is.ehaL05SWqiI7eIhjcBz4NL/DpqgpiAbW"

// quiet fails the test if an error or its hint gives the secret away.
func quiet(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error, want one without the secret")
		return
	}
	if text := err.Error() + " " + operr.HintOf(err); strings.Contains(text, "hush") || strings.Contains(text, "aHVza") {
		t.Errorf("got a secret in %q", text)
	}
}

func TestARealPrometheusBehindTLSAndBasicAuthentication(t *testing.T) {
	folder := temporary(t)
	pool := certificate(t, folder)
	web := filepath.Join(folder, "web.yml")
	text := "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\nbasic_auth_users: {pgbudget: '" + secretHash +
		"'}\n"
	passwordFile := filepath.Join(folder, "password")
	for file, text := range map[string]string{web: text, passwordFile: secret + "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ready := func(at string) error {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
		defer transport.CloseIdleConnections()
		req, err := http.NewRequest(http.MethodGet, "https://"+at+"/-/ready", nil)
		if err != nil {
			return err
		}
		req.SetBasicAuth("pgbudget", secret)
		resp, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", resp.Status)
		}
		return nil
	}
	p, err := startPrometheus(folder, "", ready, "--web.config.file="+web)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	at := strings.TrimPrefix(p.url, "http://")
	trust := fmt.Sprintf("tls_config: {ca_file: %q}\n", filepath.Join(folder, "cert.pem"))
	for name, c := range map[string]struct{ url, config string }{
		"password in http_config": {"https://" + at, trust + "basic_auth: {username: pgbudget, password: " + secret + "}"},
		"password in a file": {"https://" + at, trust +
			fmt.Sprintf("basic_auth: {username: pgbudget, password_file: %q}", passwordFile)},
		"password in the url": {"https://pgbudget:" + secret + "@" + at, trust},
	} {
		t.Run(name, func(t *testing.T) {
			client := client(t, c.url, c.config)
			if got, _, err := client.Instant(t.Context(), "cpu", "vector(0.5)"); err != nil || got != 0.5 {
				t.Errorf("got %v, %v, want 0.5", got, err)
			}
			if got, want := client.URL(), "https://"+at; got != want {
				t.Errorf("got the url %q, want %q", got, want)
			}
			_, _, err := client.Instant(t.Context(), "cpu", "sum("+secret)
			quiet(t, err) // the server quotes the query, and with it our secret
		})
	}
	for name, c := range map[string]struct{ url, config, want string }{
		"no password":       {"https://" + at, trust, "answered 401 Unauthorized"},
		"a wrong password":  {"https://pgbudget:hush-no@" + at, trust, "answered 401 Unauthorized"},
		"an unknown issuer": {"https://pgbudget:hush-no@" + at, "", "x509"},
		"plain HTTP to TLS": {"http://pgbudget:hush-no@" + at, "",
			"answered 400 Bad Request, not Prometheus's form of answer"},
		"a missing file": {"https://" + at, trust + fmt.Sprintf("authorization: {credentials_file: %q}",
			filepath.Join(folder, "none")), "unable to read"},
		"another server name": {"https://" + at, strings.Replace(trust, "{", "{server_name: prom.example, ", 1),
			"prom.example"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := client(t, c.url, c.config).Instant(t.Context(), "cpu", "vector(0.5)")
			quiet(t, err)
			if got := operr.KindOf(err); got != operr.KindUnreachable {
				t.Errorf("got kind %d, want %d: %v", got, operr.KindUnreachable, err)
			}
			contains(t, err.Error(), "cpu: ", at, c.want)
		})
	}
}

// certificate writes cert.pem and key.pem for 127.0.0.1 and returns the pool that trusts them.
func certificate(t *testing.T, folder string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pgbudget test"}, IsCA: true,
		BasicConstraintsValid: true,
		NotBefore:             time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert},
		"key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		text := pem.EncodeToMemory(block)
		pool.AppendCertsFromPEM(text)
		if err := os.WriteFile(filepath.Join(folder, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}

func TestCredentialsReachTheServerAndNoError(t *testing.T) {
	token := filepath.Join(temporary(t), "token")
	if err := os.WriteFile(token, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, userinfo, config, want string }{
		{"bearer", "", "authorization: {credentials: " + secret + "}", "Bearer " + secret},
		{"bearer from a file", "", fmt.Sprintf("authorization: {credentials_file: %q}", token), "Bearer " + secret},
		{"the old key for it", "", "bearer_token: " + secret, "Bearer " + secret},
		{"another scheme", "", "authorization: {type: Token, credentials: " + secret + "}", "Token " + secret},
		{"basic in the url", "me:" + secret + "@", "", "Basic bWU6aHVzaC1odXNo"},
		{"basic with a token only", "", "basic_auth: {username: '', password: " + secret + "}", "Basic Omh1c2gtaHVzaA=="},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			at := peer(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.Header.Get("Authorization")
				w.WriteHeader(http.StatusInternalServerError) // and the worst a proxy can do: say it all again
				fmt.Fprintf(w, `{"status":"error","errorType":"internal","error":"refused: %s (%s of http://me:%s@db)"}`, got,
					secret, secret)
			})
			_, _, err := client(t, strings.Replace(at, "//", "//"+c.userinfo, 1), c.config).Instant(t.Context(), "cpu", "x")
			if got != c.want {
				t.Errorf("got the header %q, want %q", got, c.want)
			}
			quiet(t, err)
		})
	}
}

func TestAnAddressOrHTTPConfigThatIsWrongIsRefusedWithoutItsSecrets(t *testing.T) {
	for _, c := range []struct{ url, config, want string }{
		{"", "", "the scheme must be http or https"},
		{"prom:9090", "", "the scheme must be http or https"},
		{"ftp://me:hush@prom", "", "the scheme must be http or https"},
		{"http://", "", "it names no host"},
		{"http://me:hush#hush@prom", "", "this is no URL"},
		{"http://me:hush/hush@prom:9090", "", "this is no URL"},
		{"http://me:hush%zz@prom:9090", "", "this is no URL"},
		{"http://prom:9090/?token=hush", "", "no ? and no #"},
		{"http://prom:9090", "basic_auth: {username: a, password: hush, password_file: b}", "at most one of"},
		{"http://prom:9090", "basic_aut: {password: hush}", "basic_aut not found"},
		{"http://prom:9090", "basic_auth: hush-hush-hush", "cannot unmarshal"},
		{"http://prom:9090", "proxy_url: 'http://me:hush@pro xy'", "http_config"},
		{"http://prom:9090", "tls_config: {ca_file: /does/not/exist}", "/does/not/exist"},
		{"http://me:hush@prom:9090", "bearer_token: hush", "both in the url and in http_config"},
	} {
		_, err := prom.New(c.url, []byte(c.config))
		quiet(t, err)
		if got := operr.KindOf(err); got != operr.KindUsage {
			t.Errorf("%q, %q: got kind %d, want %d", c.url, c.config, got, operr.KindUsage)
			continue
		}
		contains(t, err.Error(), c.want)
		if operr.HintOf(err) == "" {
			t.Errorf("%q, %q: got no hint", c.url, c.config)
		}
	}
}

func TestAPathPrefixOfPrometheusIsKept(t *testing.T) {
	got := ""
	at := peer(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.Path
		_, _ = io.WriteString(w, "{}")
	})
	c := client(t, at+"/team/prometheus/", "")
	_, _, _ = c.Instant(t.Context(), "cpu", "x") // only the path matters
	if want := "/team/prometheus/api/v1/query"; got != want {
		t.Errorf("got the path %q, want %q", got, want)
	}
}
