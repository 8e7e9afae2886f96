package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// TestAStepIsPrintedInTheFormOfATool that its files belong to: no file is named in the config, and none is changed.
func TestAStepIsPrintedInTheFormOfATool(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, checkFleet())}
	b.config, b.path = movingConfig(t, b.l, reviewedPools)
	for _, p := range b.l.Processes { // the files are another's
		rewrite(t, b.config, replaced(", config: "+p.IniPath, ""))
	}
	before := files(t, b.l)
	emit := func(form string) result {
		t.Helper()
		return command(t, b.l, "step", "--config", b.config, "--window", "1s", "--every", "300ms", "--emit", form)
	}
	for form, want := range map[string]string{"terraform": "pgbouncer_pool_sizes = {\n  \"ci/app\" = 10\n" +
		"  \"main/app\" = 5\n}\n",
		"gitlab.rb": "pgbouncer['databases'][:'app'][:pool_size] = 10\n",
		"helm":      "config:\n  databases:\n    app:\n      pool_size: 10\n", "cloudnativepg": "default_pool_size: \"10\"",
		"helm-env": "value: \"10\""} {
		r := emit(form)
		if r.code != exitDone || !strings.HasPrefix(r.stdout, "# 1 of 1: grant ci/app 5 → 10, RELOAD\n") ||
			!strings.Contains(r.stdout, want) {
			t.Errorf("%s: exit %d, want %q\n%s%s", form, r.code, want, r.stdout, r.stderr)
		}
	}
	if r := emit("zalando"); r.code != exitInfeasible || !strings.Contains(r.stderr,
		"the operator gives the reserve half of the size, 5, and app is to have 0") {
		t.Errorf("the operator changes a reserve: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r := emit("omnibus")
	var got map[string]map[string]int
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got["app"]["pool_size"] != 10 ||
		!strings.Contains(r.stderr, "note: group ci: 1 of 1: grant ci/app 5 → 10, RELOAD") {
		t.Errorf("omnibus: exit %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	if r := emit("patch"); r.code != exitUsage || !strings.Contains(r.stderr, "has no config:") {
		t.Errorf("a patch is of files: exit %d\n%s", r.code, r.stderr)
	}
	if r := emit("puppet"); r.code != exitUsage || !strings.Contains(r.stderr, "next: --emit patch, or a form: chef") {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
	for path, text := range files(t, b.l) {
		if text != before[path] {
			t.Errorf("%s was changed", path)
		}
	}
}
