package config

import "testing"

func TestAPrometheusThatNothingAsksIsNamed(t *testing.T) {
	const past = "prometheus: {url: 'http://h:9090', lookback: 3d}\n"
	const prometheus = "prometheus: {url: 'http://h:9090'}\n"
	for text, unused := range map[string]int{
		"servers: [{name: main, dsn: host=x}]\n": 0,
		prometheus + "servers: [{name: main, dsn: " +
			"host=x}]\n": 1,
		prometheus + "servers: [{name: main, dsn: host=x, cpu: " +
			"'vector(0)'}]\n": 0,
		prometheus + "servers: [{name: main, dsn: host=x, direct: {query: " +
			"'vector(0)'}}]\n": 0,
		prometheus + "servers: [{name: main, dsn: host=x}]\nsaturation: [{name: s, query: 'vector(0)', hold: " +
			"1}]\n": 0,
		prometheus + "servers: [{name: main, dsn: host=x}]\nsaturation: [{name: waiting, builtin: waiting, hold: " +
			"5}]\n": 1,
		prometheus + "servers: [{name: main, dsn: host=x}]\ngroups: [{name: a, metrics: 'x=\"y\"', processes: [{console: " +
			"host=y}]}]\n": 0,
		prometheus + "servers: [{name: main, dsn: host=x}]\ngroups: [{name: a, processes: [{console: " +
			"host=y}]}]\n": 1,
		past + "servers: [{name: main, dsn: " +
			"host=x}]\n": 1,
		past + "servers: [{name: main, dsn: host=x}]\nsaturation: [{name: s, query: 'vector(0)', hold: " +
			"1}]\n": 1,
		past + shiftBase + "shift: {from: main/app, to: ci/app, fraction: 1, get: " +
			"vector(1)}\n": 1,
		past + "servers: [{name: main, dsn: host=x, cpu: " +
			"'vector(0)'}]\n": 0,
		past + "servers: [{name: main, dsn: host=x, metrics: " +
			"'x=\"y\"'}]\n": 0,
		past + "servers: [{name: main, dsn: host=x, direct: {query: " +
			"'vector(0)'}}]\n": 0,
		past + "servers: [{name: main, dsn: host=x}]\ngroups: [{name: a, metrics: 'x=\"y\"', processes: [{console: " +
			"host=y}]}]\n": 0,
	} {
		if got := parse(t, text).Unused(); len(got) != unused {
			t.Errorf("%s: %v, want %d", text, got, unused)
		}
	}
}
