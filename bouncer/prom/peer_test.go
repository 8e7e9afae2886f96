package prom_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// What a real Prometheus cannot be made to do is done by a scripted peer here.

// peer serves one handler for every path.
func peer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// says is a handler that gives one answer.
func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestAnswersThatAreNotPrometheusAreUnreachableWithTheReason(t *testing.T) {
	const json, html = "application/json", "text/html; charset=utf-8"
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    []string
	}{
		{"503 plain", says(503, "text/plain", "Service Unavailable"),
			[]string{"answered 503 Service Unavailable, not Prometheus's form of answer"}},
		{"503 in Prometheus's form",
			says(503, json, `{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}`),
			[]string{"answered 503 Service Unavailable, timeout: query timed out in expression evaluation"}},
		{"401", says(401, "text/plain", "Unauthorized"), []string{"answered 401 Unauthorized"}},
		{"403", says(403, html, "<h1>no</h1>"), []string{"answered 403 Forbidden, an HTML page"}},
		{"404", says(404, html, "<h1>no</h1>"), []string{"answered 404 Not Found"}},
		{"500", says(500, json, `{"status":"error","errorType":"internal","error":"disk"}`),
			[]string{"answered 500 Internal Server Error, internal: disk"}},
		{"a login page with 200", says(200, html, "<!doctype html><form>"), []string{"answered 200 OK, an HTML page"}},
		{"an empty body", says(200, json, ""), []string{"answered 200 OK, an empty body"}},
		{"half an answer", says(200, json, `{"status":"success","data":{"resultType":"vec`),
			[]string{"JSON that is not Prometheus's"}},
		{"another API's answer", says(200, json, `{"ok":true}`), []string{"JSON that is not Prometheus's"}},
		{"a redirect that would lose the query", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://user:hush-hush@prom.example/login?token=hush-hush", http.StatusFound)
		}, []string{"answered 302 Found, a redirect to https://prom.example"}},
		{"405 to POST and GET", says(405, "text/plain", "no"), []string{"405"}},
		{"more than fits", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"status":"success","data":"`)
			chunk := strings.Repeat("x", 1<<20)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}, []string{"answered 200 OK, more than 64 MB"}},
		{"a connection that breaks", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
			[]string{"EOF"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := peer(t, c.handler)
			_, _, err := client(t, at, "").Instant(t.Context(), "cpu", "x")
			if err == nil {
				t.Fatalf("no error of %s, want one with %q", at, c.want)
			}
			contains(t, err.Error(), append(c.want, "cpu: "+at)...)
			if got := operr.KindOf(err); got != operr.KindUnreachable {
				t.Errorf("got kind %d, want %d: %v", got, operr.KindUnreachable, err)
			}
			if strings.Contains(err.Error()+operr.HintOf(err), "hush") {
				t.Errorf("got a secret in %v", err)
			}
		})
	}
}

func TestAServerThatTakesOnlyGETIsAskedAgain(t *testing.T) {
	at := peer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		now := float64(time.Now().UnixMilli()) / 1e3
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"scalar","result":[%f,"0.5"]}}`, now)
	})
	if got, _, err := client(t, at, "").Instant(t.Context(), "cpu", "x"); err != nil || got != 0.5 {
		t.Errorf("got %v, %v, want 0.5", got, err)
	}
}

func TestAServerThatHangsIsGivenUp(t *testing.T) {
	at := peer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
		<-r.Context().Done()
	})
	c := client(t, at, "")
	c.Timeout = 50 * time.Millisecond
	_, _, err := c.Instant(t.Context(), "cpu", "x")
	if !errors.Is(err, context.DeadlineExceeded) || operr.KindOf(err) != operr.KindUnreachable {
		t.Fatalf("got %v, want a time-out of kind %d", err, operr.KindUnreachable)
	}
	contains(t, err.Error(), "cpu: no answer from "+at+" within 50ms")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Instant(ctx, "cpu", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the caller's cancellation", err)
	}
}

func TestNobodyListeningNamesTheServer(t *testing.T) {
	at, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = client(t, "http://"+at, "").Instant(t.Context(), "cpu", "x")
	if err == nil || operr.KindOf(err) != operr.KindUnreachable {
		t.Fatalf("got %v, want an error of kind %d", err, operr.KindUnreachable)
	}
	contains(t, err.Error(), "cpu: http://"+at, "connection refused")
}

func TestAClockThatIsWrongIsAnError(t *testing.T) {
	at := peer(t, says(200, "application/json",
		`{"status":"success","data":{"resultType":"scalar","result":[1500000000,"0.5"]}}`))
	_, _, err := client(t, at, "").Instant(t.Context(), "cpu", "x")
	if err == nil || operr.KindOf(err) != operr.KindEvidence {
		t.Fatalf("got %v, want an error of kind %d", err, operr.KindEvidence)
	}
	contains(t, err.Error(), "the clock of "+at+" is")
}

func TestAnAnswerThatMayBePartialIsAnError(t *testing.T) {
	answer := func(warning string) string {
		return fmt.Sprintf(`{"status":"success","data":{"resultType":"scalar","result":[%d,"0.5"]},"warnings":[%q]}`,
			time.Now().Unix(), warning)
	}
	at := peer(t, says(200, "application/json", answer("No StoreAPIs matched for this query")))
	_, _, err := client(t, at, "").Instant(t.Context(), "cpu", "x")
	if err == nil || operr.KindOf(err) != operr.KindEvidence {
		t.Fatalf("got %v, want an error of kind %d", err, operr.KindEvidence)
	}
	contains(t, err.Error(), "may be incomplete: No StoreAPIs matched")

	at = peer(t, says(200, "application/json", answer("PromQL info: metric might not be a counter")))
	if got, _, err := client(t, at, "").Instant(t.Context(), "cpu", "x"); err != nil || got != 0.5 {
		t.Errorf("got %v, %v, want a remark on style to be ignored", got, err)
	}
}

// spoiled stands before the real Prometheus of the constructed past and changes what spoil wants changed; spoil is
// given the number of the range request, from 1, and says whether it has answered.
func spoiled(t *testing.T, spoil func(n int, w http.ResponseWriter) bool) *prom.Client {
	t.Helper()
	p, err := past()
	if err != nil {
		t.Fatal(err)
	}
	pass := passing(t, p.url)
	n := 0 // requests come one after the other
	return client(t, peer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/query_range") {
			if n++; spoil(n, w) {
				return
			}
		}
		pass(w, r)
	}), "")
}

// passing passes requests on to a real Prometheus.
func passing(t *testing.T, at string) http.HandlerFunc {
	t.Helper()
	to, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	// its own: other tests close the idle connections of the usual one
	pass.Transport = &http.Transport{DisableKeepAlives: true}
	return func(w http.ResponseWriter, r *http.Request) {
		// read whole before it is passed on: an answer that comes sooner than the proxy has found a request's end closes
		// the request, and what the proxy reads then ends the connection the answer comes by
		request, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(request))
		pass.ServeHTTP(w, r)
	}
}

func TestAnErrorMidwayLeavesNoPartOfAHistory(t *testing.T) {
	spec := prom.Spec{Lookback: pastLength, Step: pastScrape, Pools: []prom.PoolSpec{pool(wave)},
		Servers: []prom.ServerSpec{{Name: "main", CPUQuery: "cpu_ratio", DirectQuery: "vector(1)"}}}
	requests := 0
	if _, err := spoiled(t, func(n int, _ http.ResponseWriter) bool { requests = n; return false }).Survey(t.Context(),
		spec, pastEnd); err != nil {
		t.Fatal(err)
	}
	if want := 2*5 + 2*2; requests != want { // two requests each for the pool's five queries, for CPU and direct
		t.Errorf("got %d range requests, want %d", requests, want)
	}
	for query := range requests / 2 {
		bad := 1 + 2*query + query%2 // the first request of one query, the second of the next
		c := spoiled(t, func(n int, w http.ResponseWriter) bool {
			if n == bad {
				says(503, "text/plain", "")(w, nil)
			}
			return n == bad
		})
		s, err := c.Survey(t.Context(), spec, pastEnd)
		if operr.KindOf(err) != operr.KindUnreachable || err == nil {
			t.Errorf("request %d fails: got error %v, want kind %d", bad, err, operr.KindUnreachable)
		}
		if s.History.Pools != nil || s.History.Servers != nil || s.Pools != nil {
			t.Errorf("request %d fails: got the partial %+v", bad, s)
		}
	}
}

func TestValuesThatAreNoNumbersAreDroppedAndCounted(t *testing.T) {
	c := spoiled(t, func(n int, w http.ResponseWriter) bool {
		if n != 2 { // the first asks for the known targets, the second for the loads
			return false
		}
		var points []string
		for at := pastEnd.Add(-time.Hour + time.Minute); !at.After(pastEnd); at = at.Add(time.Minute) {
			value := map[int]string{7: "NaN", 8: "+Inf", 9: "-Inf"}[at.Minute()]
			if value == "" {
				value = "-0.5" // a wait booked before its transaction
			}
			points = append(points, fmt.Sprintf(`[%d,%q]`, at.Unix(), value))
		}
		says(200, "application/json",
			`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"pgb-full","instance":"u1:9127"},"values":[`+
				strings.Join(points, ",")+`]}]}}`)(w, nil)
		return true
	})
	s, err := c.Survey(t.Context(), prom.Spec{Lookback: time.Hour, Pools: []prom.PoolSpec{pool(full)}}, pastEnd)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Pools[0]; got.Dropped != 3 || got.Incomplete != 3 || got.Used != 57 {
		t.Errorf("got %+v, want 3 points dropped and 57 minutes used", got)
	}
	if got := s.History.Pools[0].Erlangs.Max; got != 0 {
		t.Errorf("got a highest load of %v, want a negative one to count as 0", got)
	}
}

func TestAHistoryOfAnotherAPIsAnswerIsUnreachable(t *testing.T) {
	spec := prom.Spec{Lookback: pastLength, Pools: []prom.PoolSpec{pool(wave)}}
	for _, body := range []string{`{"ok":true}`, `{"status":"success","data":null}`} {
		at := peer(t, says(200, "application/json", body))
		if _, err := client(t, at, "").History(t.Context(), spec, pastEnd); operr.KindOf(err) != operr.KindUnreachable {
			t.Errorf("%s: got %v, want an error of kind %d", body, err, operr.KindUnreachable)
		}
	}
}
