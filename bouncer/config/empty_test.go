package config

import (
	"strings"
	"testing"
)

// TestAnEmptyValueIsNoDefault: a template that renders nothing must open nothing.
func TestAnEmptyValueIsNoDefault(t *testing.T) {
	for text, want := range map[string]string{
		"policy: {windows: []}\n":           "f.yaml:1:10: policy.windows is empty: leave it out for always",
		"policy:\n  windows:\n  soak: 1m\n": "f.yaml:2:3: policy.windows is empty: leave it out for always",
		"policy: {windows: ~}\n":            "policy.windows is empty: leave it out for always",
		"policy: {windows: ['']}\n":         "policy.windows[0] is \"\": it is empty",
		"pools: []\n":                       "f.yaml:1:1: pools is empty: leave it out for every pool seen",
		"pools:\n":                          "f.yaml:1:1: pools is empty: leave it out for every pool seen",
		"journal: j\nmirror:\n":             "f.yaml:2:1: mirror is empty: write a value, or leave it out",
		"pools: [{pool: a/b, max: }]\n": "f.yaml:1:21: pools[0].max is empty: write a value, or leave " +
			"it out",
		"policy:\n  soak:\n": "policy.soak is empty",
		"hooks:\n":           "hooks is empty",
		"hooks: {on_hold: null}\nsaturation: ~\n":           "saturation is empty",
		"servers: [{name: a, dsn: x, headroom: {cpu: }}]\n": "servers[0].headroom.cpu is empty",
	} {
		if _, err := Parse("f.yaml", []byte(text), noEnv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{
		"policy: {accept: []}\n", "prometheus: {url: 'http://h:9', http_config: {tls_config: , basic_auth: {username: }}}\n",
		"policy: {windows: ['01:00-02:00 UTC']}\n",
	} {
		parse(t, text)
	}
}
