package prom_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAlertsAreCountedOrNotKnown: a double of Prometheus has rules as /api/v1/rules answers them. An alert that fires
// counts by its own labels; a rule that may have the labels, and of which nobody knows whether it fires, is a fault.
func TestAlertsAreCountedOrNotKnown(t *testing.T) {
	rule := func(labels, health string, age time.Duration, alerts string) string {
		return fmt.Sprintf(`{"type":"alerting","name":"A","query":"up == 0","labels":{%s},"health":%q,"lastError":"many-to-many",
			"lastEvaluation":%q,"alerts":[%s],"state":"inactive","duration":0,"annotations":{},"evaluationTime":0}`,
			labels, health, time.Now().Add(-age).Format(time.RFC3339Nano), alerts)
	}
	alert := func(state, labels string) string {
		return fmt.Sprintf(`{"activeAt":"2026-01-02T03:04:05Z","annotations":{},"labels":{%s},"state":%q,"value":"1"}`,
			labels, state)
	}
	const s1, s2, byTemplate = `"severity":"s1"`, `"severity":"s2"`, `"severity":"{{ $labels.s }}"`
	two := alert("firing", s1) + "," + alert("firing", s1)
	for name, c := range map[string]struct {
		rules   []string
		count   float64
		fault   string
		seconds int // of the group's interval
	}{
		"one fires":                {rules: []string{rule(s1, "ok", 0, alert("firing", s1))}, count: 1},
		"two fire":                 {rules: []string{rule(s1, "ok", 0, two)}, count: 2},
		"one waits for its time":   {rules: []string{rule(s1, "ok", 0, alert("pending", s1))}},
		"another fires":            {rules: []string{rule(s1, "ok", 0, ""), rule(s2, "ok", 0, alert("firing", s2))}},
		"no rule has the labels":   {rules: []string{rule(s2, "ok", 0, "")}, fault: "none of 1 rule groups"},
		"there is no rule":         {fault: "none of 1 rule groups"},
		"a template may":           {rules: []string{rule(byTemplate, "ok", 0, "")}},
		"and has them":             {rules: []string{rule(byTemplate, "ok", 0, alert("firing", s1))}, count: 1},
		"and has others":           {rules: []string{rule(byTemplate, "ok", 0, alert("firing", s2))}},
		"its series may have them": {rules: []string{rule(``, "ok", 0, alert("firing", s1))}, count: 1},
		"a rule fails":             {rules: []string{rule(s1, "err", 0, "")}, fault: "the rule A of g fails: many-to-many"},
		"another rule fails":       {rules: []string{rule(s1, "ok", 0, ""), rule(s2, "err", 0, "")}},
		"not evaluated yet":        {rules: []string{rule(s1, "unknown", 0, "")}, fault: "has not been evaluated yet"},
		"a rule stands still":      {rules: []string{rule(s1, "ok", 4*time.Minute, "")}, fault: "was evaluated 4m0s ago"},
		"a slow rule":              {rules: []string{rule(s1, "ok", 4*time.Minute, "")}, seconds: 120},
	} {
		prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"status":"success","data":{"groups":[{"name":"g","file":"f","interval":%d,"rules":[%s]}]}}`,
				max(15, c.seconds), strings.Join(c.rules, ","))
		}))
		s := client(t, prometheus.URL, "").Firing(t.Context(), "paging", "pg", `severity="s1"`)
		prometheus.Close()
		if c.fault != "" {
			if s.Read() || !strings.Contains(s.Error, c.fault) {
				t.Errorf("%s: got %+v, want a fault: %s", name, s, c.fault)
			}
			continue
		}
		if !s.Read() || float64(s.Value) != c.count || time.Since(s.At) > time.Minute {
			t.Errorf("%s: got %+v, want %v now", name, s, c.count)
		}
	}
}
