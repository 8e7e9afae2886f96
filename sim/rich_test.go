package sim

import "time"

// rich is a small fleet in which everything happens: two groups, users, sessions, bursts, closed clients, clients that
// vanish, contended CPU, a traffic switch, a script, and every fault.
func rich() Spec {
	const ms, min = time.Millisecond, time.Minute
	return Spec{
		Servers: []ServerSpec{
			{Name: "pg1", MaxConns: 60, SuperuserReservedConns: 3, Budget: 52, Cores: 8, Sigma: 0.01, Kappa: 0.0002,
				DirectConns: 2, Roles: []LimitSpec{{"b", 12}}},
			{Name: "pg2", MaxConns: 40, SuperuserReservedConns: 3, Budget: 34},
		},
		Groups: []GroupSpec{
			{Name: "ci", Processes: 2, Version: "1.18", Weights: []float64{2, 1},
				Settings: Settings{QueryWaitTimeout: 3 * time.Second, ReservePoolTimeout: time.Second}},
			{Name: "main", Processes: 3, Version: "1.24", Settings: Settings{ServerLifetime: 2 * min,
				ServerIdleTimeout: 20 * time.Second, MaxUserConns: 14}},
		},
		Pools: []PoolSpec{
			{ID: "ci/app", Server: "pg1", SizeConns: 4, ReserveConns: 2, Users: []UserShare{{"a", 3}, {"b", 1}}},
			{ID: "main/app", Server: "pg1", SizeConns: 6, MaxDBConns: 9, Users: []UserShare{{"a", 1}, {"b", 1}}},
			{ID: "main/jobs", Server: "pg2", SizeConns: 5, MinConns: 2, ForceUser: true, Users: []UserShare{{"jobs", 1}}},
			{ID: "main/sessions", Server: "pg2", Mode: Session, SizeConns: 4},
		},
		Loads: []LoadSpec{
			{Pool: "ci/app", Open: &OpenSpec{PerSec: 300, Burst: &BurstSpec{Low: 0.5, High: 3, LowMean: 20 * time.Second,
				HighMean: 5 * time.Second}}, Hold: Law{Kind: Lognormal, Mean: 12 * ms, SCV: 3}, CPU: 0.4, Idle: 0.1, Vanish: 0.01},
			{Pool: "main/app", Open: &OpenSpec{PerSec: 500, Sine: &SineSpec{Amplitude: 0.5, Period: min}},
				Hold: Law{Mean: 15 * ms}, CPU: 0.5},
			{Pool: "main/jobs", Closed: &ClosedSpec{Clients: 30, Think: Law{Mean: 200 * ms}}, Hold: Law{Kind: Hyperexponential,
				Mean: 40 * ms, SCV: 4}, Vanish: 0.02},
			{Pool: "main/sessions", Open: &OpenSpec{PerSec: 3, SCV: 4}, Hold: Law{Kind: Quantiles,
				Points: []QuantilePoint{{0, 100 * ms}, {0.9, time.Second}, {1, 10 * time.Second}}}, Idle: 0.7},
			{Name: "batch", Pool: "main/app", Open: &OpenSpec{PerSec: 5, SCV: Deterministic, Curve: []CurvePart{{0, 1},
				{20 * time.Second, 3}, {40 * time.Second, 0}, {min, 1}}}, Hold: Law{Kind: Fixed, Mean: 100 * ms}},
		},
		Shifts: []ShiftSpec{{From: "main/app", To: "ci/app", Fraction: 0.4, Percent: 10}},
		Script: []Action{
			{At: 30 * time.Second, Kind: SetSize, Pool: "main/app", Conns: 4},
			{At: 40 * time.Second, Kind: Reconnect, Pool: "main/app"},
			{At: 50 * time.Second, Kind: SetSize, Pool: "ci/app", Conns: 6},
			{At: 60 * time.Second, Kind: SetShare, Percent: 50},
			{At: 70 * time.Second, Kind: SetLifetime, Pool: "main/app", For: time.Second},
			{At: 80 * time.Second, Kind: SetLifetime, Pool: "main/app"},
			{At: 90 * time.Second, Kind: SetReserve, Pool: "ci/app", Conns: 0},
		},
		Faults: []Fault{
			{Kind: Autovacuum, Server: "pg1", Cores: 5, From: 20 * time.Second, For: 30 * time.Second},
			{Kind: DirectConns, Server: "pg1", Conns: 9, From: 15 * time.Second, For: 5 * time.Second, Every: 25 * time.Second},
			{Kind: Surge, Pool: "main/app", Times: 2, From: 35 * time.Second, For: 10 * time.Second},
			{Kind: SlowPlan, Pool: "ci/app", Times: 5, From: 45 * time.Second, For: 10 * time.Second},
			{Kind: LostScrape, From: 30 * time.Second, For: 40 * time.Second},
			{Kind: Silent, Process: "main/2", From: 55 * time.Second, For: 5 * time.Second},
			{Kind: SilentReload, Process: "ci/1", From: 48 * time.Second, For: 5 * time.Second},
			{Kind: HostLost, Process: "main/1", From: 65 * time.Second, For: 20 * time.Second},
			{Kind: Pile, Process: "ci/2", From: 75 * time.Second, For: 10 * time.Second},
			{Kind: PutBack, Pool: "main/app", Conns: 6, From: 95 * time.Second},
		},
		Signals: []SignalSpec{
			{Name: "cpu", Server: "pg1", Builtin: "cpu", Interval: 5 * time.Second, Lag: time.Second},
			{Name: "waiting", Server: "pg1", Builtin: "waiting", Interval: 5 * time.Second},
			{Name: "maxwait", Server: "pg2", Builtin: "maxwait"},
			{Name: "backends", Server: "pg2", Builtin: "backends"},
			{Name: "lag", Server: "pg2", Builtin: "lag"},
		},
	}
}
