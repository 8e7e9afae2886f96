package scenario

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/sim"
)

// leaves lists the paths of every value below n, lists and maps included.
func leaves(n ast.Node, path string) []string {
	var all []string
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			p := strings.TrimPrefix(path+"."+v.Key.GetToken().Value, ".")
			all = append(append(all, p), leaves(v.Value, p)...)
		}
	case *ast.SequenceNode:
		for i, v := range n.Values {
			p := fmt.Sprintf("%s.%d", path, i)
			all = append(append(all, p), leaves(v, p)...)
		}
	}
	return all
}

// TestNoValueBreaksAScenario sets every value of scenarios in turn to what does not fit, or hardly does. What Parse
// takes, the engine must take too, and get through a moment of.
func TestNoValueBreaksAScenario(t *testing.T) {
	values := []string{"0", "-1", "1e300", "x", "main/app", "1ns", "0s", "8000h", "50%", "[]", "{}", "[{}]", "null"}
	every, n := 1, 0 // of so many values one
	if testing.Short() {
		every = 6
	}
	for _, text := range []string{Starter, everyFault} {
		file, err := parser.ParseBytes([]byte(text), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range leaves(file.Docs[0].Body, "") {
			for _, value := range values {
				if n++; n%every > 0 {
					continue
				}
				set := Set{path, value}
				s, err := Parse("s.yaml", []byte(text), noEnv, set)
				if err != nil {
					if operr.KindOf(err) != operr.KindUsage {
						t.Errorf("%s: %v is no error of usage", set, err)
					}
					continue
				}
				if s.CheckSize(1) != nil {
					continue
				}
				w, err := sim.New(s.Spec(), 1)
				if err != nil {
					t.Errorf("%s: the engine refuses what Parse took: %v", set, err)
					continue
				}
				if err := w.Sleep(context.Background(), 100*time.Millisecond); err != nil {
					t.Errorf("%s: %v", set, err)
				}
			}
		}
	}
}

// everyFault has what the starter does not show at work.
const everyFault = `horizon: 1m
oversubscribed: false
servers: [{name: main, max_connections: 100, cores: 8, headroom: {connections: 5%}, direct: {conns: 2}}, {name: other, max_connections: 50}]
groups: [{name: main, processes: [{console: a}, {console: b}]}, {name: ci, processes: [{console: c}]}]
pools: [{pool: main/app, size: 10, server: main, users: [u, v]}, {pool: ci/app, size: 5, server: other, line_pools: 1}]
databases: [{pool: main/app, mode: session, users: {u: 30%, v: 70%}}]
postgres: [{server: other, direct: 1}]
load:
  - {pool: main/app, arrivals: {per_sec: 50, scv: 0, curve: [{at: 0s, times: 1}, {at: 10s, times: 2}, {at: 20s, times: 1}]}, hold: {mean: 10ms, law: hyperexponential, scv: 4}}
  - {name: c, pool: ci/app, clients: {count: 5, think: {mean: 10ms, law: deterministic}}, hold: {mean: 10ms, law: lognormal, scv: 0.5}, vanish: 1%}
shift: {from: main/app, to: ci/app, fraction: 20%, share: 10%}
faults:
  - {kind: slow, from: 0s, for: 10ms, every: 20ms, pool: main/app, times: 5}
  - {kind: host-lost, from: 10ms, for: 20ms, process: main/2}
  - {kind: pile, from: 20ms, for: 20ms, process: main/1}
  - {kind: silent, from: 0s, for: 20ms}
  - {kind: silent-reload, from: 0s, for: 50ms, process: main/2}
  - {kind: scrape, from: 0s, for: 20ms}
  - {kind: put-back, from: 10ms, every: 30ms, pool: main/app, conns: 7}
saturation: [{name: w, builtin: waiting, hold: 1}]
expect: [main/app.wait_p99 < 1s]
`
