package omnibus_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/bouncer/omnibus"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestSizesOfDatabasesJSON(t *testing.T) {
	got, err := omnibus.Parse([]byte(`{"gitlabhq_production":{"host":"10.1.2.3","user":"pgbouncer","password":"secret",
		"pool_size":75,"reserve_pool":5},"gitlabhq_production_sidekiq":{"dbname":"gitlabhq_production","pool_size":"50"},
		"bare":{},"none":{"pool_size":null}}`))
	want := omnibus.Lines{"gitlabhq_production": {fleet.KeySize: 75, fleet.KeyReserve: 5},
		"gitlabhq_production_sidekiq": {fleet.KeySize: 50}, "bare": {}, "none": {}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestWhatIsNoDatabasesJSONIsSaidWithoutItsValues(t *testing.T) {
	for _, text := range []string{``, `[]`, `null,`, `{"a":5}`, `{"a":{"pool_size":"hunter2"}}`, `{"a":{"pool_size":1.5}}`,
		`{"a":{"pool_size":[3]}}`, `{"a":{"password":"hunter2","pool_size":true}}`, `{"a":{"password":"hunter2"`} {
		got, err := omnibus.Parse([]byte(text))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestOnlyADatabasesINIIsRendered(t *testing.T) {
	for file, want := range map[string]string{
		"/var/opt/gitlab/consul/databases.ini": "/var/opt/gitlab/consul/databases.json",
		"databases.ini":                        "databases.json"} {
		if got, is := omnibus.Source(file); got != want || !is {
			t.Errorf("%s: %s, %v", file, got, is)
		}
	}
	if _, is := omnibus.Source("/var/opt/gitlab/pgbouncer/pgbouncer.ini"); is {
		t.Error("pgbouncer.ini is written by reconfigure alone")
	}
	if !omnibus.Owns("/var/opt/gitlab/consul/databases.ini") || omnibus.Owns("/var/opt/gitlab2/databases.ini") {
		t.Error("owned")
	}
}
