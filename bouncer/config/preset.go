package config

import (
	_ "embed"
	"slices"
)

// presets are sets of signals under one name: what GitLab.com alerts on for its primary at that time, soft levels as
// hold and hard ones as abort (runbooks, libsonnet/saturation-monitoring: pg_primary_cpu,
// pg_active_db_connections_primary, pgbouncer_sync_primary_pool). Its ratios of clients to max_client_conn and of each
// PgBouncer's own core are left out: neither is made worse by a size. Resume is 5 points below hold; theirs have none.
var presets = map[string][]Signal{
	"gitlab":         gitlabs(0.80), // of early 2022
	"gitlab-2022":    gitlabs(0.80),
	"gitlab-2024-12": gitlabs(0.70),
}

// gitlabs are the signals of GitLab.com with the soft level of its CPU; no other level has changed.
func gitlabs(cpu float64) []Signal {
	return []Signal{
		{Name: "cpu", Builtin: "cpu", Hold: num(cpu), Resume: num(cpu - resumeBelow), Abort: num(0.90)},
		{Name: "busy connections", Builtin: "busy", Hold: num(0.70), Resume: num(0.65), Abort: num(0.80)},
		{Name: "pool use", Builtin: builtinUse, Hold: num(0.85)},
	}
}

// resumeBelow is how far resume is below hold in a preset, a share of all cores.
// chosen: 5 points, as far as the plan's ceiling is below hold.
const resumeBelow = 0.05

// Builtins are the signals that builtin: may name. cpu is asked of Prometheus, use is about each pool by itself, lag
// needs a query of its own, alerts are those that fire at Prometheus; the others are read off a sample (fleet.Builtin).
var Builtins = []string{"cpu", "waiting", "maxwait", "backends", "busy", builtinUse, "lag", BuiltinAlerts}

// BuiltinAlerts counts the alerts that fire at Prometheus and have the labels of the signal.
const BuiltinAlerts = "alerts"

// builtinUse is no signal of a server: it holds the releases of the pool that it is about.
const builtinUse = "use"

func num(f float64) Num { return Num{F: f, Set: true} }

// Signals returns the signals of saturation: with presets written out, those of single pools apart.
func (f File) Signals() []Signal {
	return slices.DeleteFunc(f.presetSignals(), func(s Signal) bool { return s.Builtin == builtinUse })
}

// maxUse is the hold level of pool use; 0 where there is none.
func (f File) maxUse() float64 {
	least := 0.0
	for _, s := range f.presetSignals() {
		if s.Builtin == builtinUse && (least == 0 || s.Hold.F < least) {
			least = s.Hold.F
		}
	}
	return least
}

func (f File) presetSignals() []Signal {
	var out []Signal
	for _, s := range f.Saturation {
		if s.Preset == "" {
			out = append(out, s)
			continue
		}
		for _, p := range presets[s.Preset] {
			p.Server = s.Server
			out = append(out, p)
		}
	}
	return out
}

// Reference is a valid config that shows every key with its meaning and default.
//
//go:embed reference.yaml
var Reference string
