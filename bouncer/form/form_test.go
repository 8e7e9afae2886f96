package form_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/pgbudget/pgbudget/bouncer/form"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// one is a step of a group, of names that a form may trip over.
var one = []form.Size{
	{Group: "main", Alias: "gitlabhq_production", Key: fleet.KeySize, Conns: 40, Processes: 3},
	{Group: "main", Alias: "it's-${x}", Key: fleet.KeySize, Conns: 7, Processes: 3},
	{Group: "main", Alias: "it's-${x}", Key: fleet.KeyReserve, Conns: 2, Processes: 3},
}

// equal is a step of a group whose databases have one size.
var equal = []form.Size{
	{Group: "main", Alias: "a", Key: fleet.KeySize, Conns: 15, Processes: 2},
	{Group: "main", Alias: "b", Key: fleet.KeySize, Conns: 15, Processes: 2},
}

func write(name string, sizes []form.Size) (string, error) {
	f, err := form.Of(name)
	if err != nil {
		return "", err
	}
	parts, err := f.Parts(sizes)
	var texts []string
	for _, p := range parts {
		texts = append(texts, p.Text)
	}
	return strings.Join(texts, "---\n"), err
}

func written(t *testing.T, name string, sizes []form.Size) string {
	t.Helper()
	text, err := write(name, sizes)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// merged puts what is above into what is below, key by key, as Chef and JSON Merge Patch (RFC 7396) do.
func merged(below, above any) any {
	b, isMap := below.(map[string]any)
	a, areMaps := above.(map[string]any)
	if !isMap || !areMaps {
		return above
	}
	for key, v := range a {
		b[key] = merged(b[key], v)
	}
	return b
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// databases are what a site's own file has of one's pools, and what it is to have after the step.
const (
	before = `{"gitlabhq_production": {"host": "10.0.0.1", "pool_size": 30, "user": "pgbouncer"}, "it's-${x}": {"host": "h"},
		"other": {"pool_size": 5}}`
	after = `{"gitlabhq_production": {"host": "10.0.0.1", "pool_size": 40, "user": "pgbouncer"},
		"it's-${x}": {"host": "h", "pool_size": 7, "reserve_pool": 2}, "other": {"pool_size": 5}}`
)

// TestJSONIsMergedIntoASitesOwn: databases.json, and a role with the same below its attributes.
func TestJSONIsMergedIntoASitesOwn(t *testing.T) {
	for name, around := range map[string]string{"omnibus": "DATABASES", "chef": `{"name": "pgbouncer", "override_attributes":
		{"omnibus-gitlab": {"gitlab_rb": {"pgbouncer": {"enable": true, "databases": DATABASES}}}}}`} {
		sample := decoded(t, strings.Replace(around, "DATABASES", before, 1))
		want := decoded(t, strings.Replace(around, "DATABASES", after, 1))
		if got := merged(sample, decoded(t, written(t, name, one))); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestRubyRunsGitlabRB behind a block as GitLab's pages write it.
func TestRubyRunsGitlabRB(t *testing.T) {
	script := "pgbouncer = {}\npgbouncer['databases'] = {\n  gitlabhq_production: { host: '10.0.0.1', " +
		"user: 'pgbouncer', " +
		"pool_size: 30 },\n  'it\\'s-${x}': { host: 'h' },\n  other: { pool_size: 5 }\n}\n" + written(t, "gitlab.rb", one) +
		"require 'json'\nputs JSON.generate(pgbouncer['databases'])\n"
	file := filepath.Join(t.TempDir(), "gitlab.rb")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "ruby", file).CombinedOutput()
	if err != nil || !reflect.DeepEqual(decoded(t, string(out)), decoded(t, after)) {
		t.Errorf("%v: %s\n%s", err, out, script)
	}
}

// documents are those of a YAML stream, each as the library reads it.
func documents(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		var v map[string]any
		if err := d.Decode(&v); err != nil {
			break
		}
		all = append(all, v)
	}
	return all
}

// at is what stands below keys; nil: nothing does.
func at(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

// TestOperatorsReadTheirFields. The fields are those of their documentation: CloudNativePG's Pooler (strings, of
// PgBouncer's settings), the Zalando operator's connectionPooler (whole numbers).
func TestOperatorsReadTheirFields(t *testing.T) {
	two := append([]form.Size{{Group: "ci", Alias: "c", Key: fleet.KeySize, Conns: 4, Processes: 3}}, equal...)
	docs := documents(t, written(t, "cloudnativepg", two))
	if len(docs) != 2 {
		t.Fatalf("%d documents, want one for each group", len(docs))
	}
	for i, want := range []struct{ name, size string }{{"ci", "4"}, {"main", "15"}} {
		d := docs[i]
		if at(d, "apiVersion") != "postgresql.cnpg.io/v1" || at(d, "kind") != "Pooler" ||
			at(d, "metadata", "name") != want.name ||
			at(d, "spec", "pgbouncer", "parameters", "default_pool_size") != want.size {
			t.Errorf("%v, want %v", d, want)
		}
	}
	for _, c := range []struct {
		sizes []form.Size
		most  int
	}{{equal, 60}, {[]form.Size{{Group: "g", Alias: "a", Key: fleet.KeySize, Conns: 7, Processes: 3}}, 42}} {
		d := documents(t, written(t, "zalando", c.sizes))[0]
		if at(d, "apiVersion") != "acid.zalan.do/v1" || at(d, "kind") != "postgresql" ||
			at(d, "spec", "connectionPooler", "maxDBConnections") != uint64(c.most) {
			t.Errorf("%v, want maxDBConnections %d", d, c.most)
		}
		// as the operator parts it: among its instances, half of a part for default_pool_size
		if size := c.most / c.sizes[0].Processes / 2; size != c.sizes[0].Conns {
			t.Errorf("the operator makes %d of %d, want %d", size, c.most, c.sizes[0].Conns)
		}
	}
}

// TestChartsReadTheirValues: lines of databases, and variables of an image.
func TestChartsReadTheirValues(t *testing.T) {
	got := documents(t, written(t, "helm", one))
	if len(got) != 1 || at(got[0], "config", "databases", "gitlabhq_production", "pool_size") != uint64(40) ||
		at(got[0], "config", "databases", "it's-${x}", "reserve_pool") != uint64(2) {
		t.Errorf("%v", got)
	}
	var values struct {
		ExtraEnvVars []struct{ Name, Value string } `yaml:"extraEnvVars"`
	}
	if err := yaml.Unmarshal([]byte(written(t, "helm-env", equal)), &values); err != nil ||
		len(values.ExtraEnvVars) != 1 ||
		values.ExtraEnvVars[0].Name != "PGBOUNCER_DEFAULT_POOL_SIZE" || values.ExtraEnvVars[0].Value != "15" {
		t.Errorf("%v: %+v", err, values)
	}
}

// TestTerraformReadsItsVariables by the library that Terraform reads them with: what stays stands in each that changes.
func TestTerraformReadsItsVariables(t *testing.T) {
	sizes := append(slices.Clone(one), form.Size{Group: "ci", Alias: "app", Key: fleet.KeySize, Conns: 5, Stays: true})
	text := written(t, "terraform", sizes)
	file, faults := hclsyntax.ParseConfig([]byte(text), "sizes.tfvars", hcl.InitialPos)
	if faults.HasErrors() {
		t.Fatalf("%v in %s", faults, text)
	}
	attributes, faults := file.Body.JustAttributes()
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	got := map[string]map[string]int64{}
	for name, a := range attributes {
		v, faults := a.Expr.Value(nil)
		if faults.HasErrors() {
			t.Fatal(faults)
		}
		got[name] = map[string]int64{}
		for key, n := range v.AsValueMap() {
			got[name][key], _ = n.AsBigFloat().Int64()
		}
	}
	want := map[string]map[string]int64{"pgbouncer_pool_sizes": {"main/gitlabhq_production": 40, "main/it's-${x}": 7,
		"ci/app": 5},
		"pgbouncer_reserve_pools": {"main/it's-${x}": 2}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestWhatAToolCannotSayIsRefused, with the tool's own reason.
func TestWhatAToolCannotSayIsRefused(t *testing.T) {
	reserve := []form.Size{{Group: "g", Alias: "a", Key: fleet.KeySize, Conns: 8, Processes: 1},
		{Group: "g", Alias: "a", Key: fleet.KeyReserve, Conns: 3, Processes: 1}}
	star := []form.Size{{Group: "g", Alias: "*", Key: fleet.KeySize, Conns: 8, Processes: 1}}
	stays := []form.Size{{Group: "g", Alias: "a", Key: fleet.KeySize, Conns: 30, Processes: 1},
		{Group: "g", Alias: "a", Key: fleet.KeyReserve, Processes: 1, Stays: true},
		{Group: "g", Alias: "b", Key: fleet.KeySize, Conns: 20, Processes: 1, Stays: true}}
	for _, c := range []struct {
		name  string
		sizes []form.Size
		kind  operr.Kind
		says  string
	}{
		{"cloudnativepg", one, operr.KindInfeasible, "a Pooler has one default_pool_size for every database, and it's-${x} " +
			"is to have 7 where gitlabhq_production has 40"},
		{"zalando", one, operr.KindInfeasible, "one default_pool_size"},
		{"zalando", reserve, operr.KindInfeasible, "half of the size, 4, and a is to have 3"},
		{"helm-env", one, operr.KindInfeasible, "one default_pool_size"},
		{"cloudnativepg", stays, operr.KindInfeasible, "b is to have 20 where a has 30"},
		{"zalando", stays[:2], operr.KindInfeasible, "half of the size, 15, and a is to have 0"},
		{"helm-env", stays, operr.KindInfeasible, "b is to have 20 where a has 30"},
		{"helm", star, operr.KindInfeasible, "the databases of * have default_pool_size"},
		{"omnibus", star, operr.KindInfeasible, "the databases of * have default_pool_size"},
		{"gitlab.rb", star, operr.KindInfeasible, "the databases of * have default_pool_size"},
		{"chef", star, operr.KindInfeasible, "the databases of * have default_pool_size"},
		{"puppet", one, operr.KindUsage, "puppet is no form"},
	} {
		if text, err := write(c.name, c.sizes); operr.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %v, want %q", c.name, text, err, c.says)
		}
	}
}

// TestSizesAreThoseOfEachGroup: of processes that are to be equal, of what was changed before, and of what stays.
func TestSizesAreThoseOfEachGroup(t *testing.T) {
	line := func(process, alias string, to int) fleet.SettingChange {
		return fleet.SettingChange{Process: process, Alias: alias, Key: fleet.KeySize, From: 1, To: to}
	}
	process := func(id string, aliases ...fleet.Alias) fleet.Process {
		group, _, _ := strings.Cut(id, "/")
		return fleet.Process{ID: id, Group: group, Aliases: aliases}
	}
	app, other := fleet.Alias{Name: "app", SizeConns: 1}, fleet.Alias{Name: "other", SizeConns: 9, ReserveConns: 3}
	gone := fleet.Alias{Name: "gone", SizeConns: 5, Gone: true}
	now := []fleet.Process{process("main/1", app, other, gone), process("main/2", app, other), process("ci/1", app),
		process("third/1", other)}
	size := func(group, alias string, key fleet.Key, conns, processes int, stays bool) form.Size {
		return form.Size{Group: group, Alias: alias, Key: key, Conns: conns, Processes: processes, Stays: stays}
	}
	got, err := form.SizesOf(
		[]fleet.SettingChange{line("main/1", "app", 4), line("main/2", "app", 4), line("ci/1", "app", 3)},
		[]fleet.SettingChange{line("main/1", "other", 7), line("main/2", "other", 7)}, now)
	want := []form.Size{size("ci", "app", fleet.KeySize, 3, 1, false), size("ci", "app", fleet.KeyReserve, 0, 1, true),
		size("main", "app", fleet.KeySize, 4, 2, false), size("main", "app", fleet.KeyReserve, 0, 2, true),
		size("main", "other", fleet.KeySize, 7, 2, true), size("main", "other", fleet.KeyReserve, 3, 2, true),
		size("third", "other", fleet.KeySize, 9, 1, true), size("third", "other", fleet.KeyReserve, 3, 1, true)}
	if err != nil || !reflect.DeepEqual(sorted(got), sorted(want)) {
		t.Errorf("%v, %v", got, err)
	}
	for name, changes := range map[string][]fleet.SettingChange{
		"two sizes":                     {line("main/1", "app", 4), line("main/2", "app", 5)},
		"one process has it, one stays": {line("main/1", "app", 4)},
	} {
		if _, err := form.SizesOf(changes, nil, now); operr.KindOf(err) != operr.KindDrift {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func sorted(sizes []form.Size) []form.Size {
	return slices.SortedFunc(slices.Values(sizes), func(a, b form.Size) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Alias, b.Alias), cmp.Compare(a.Key, b.Key))
	})
}

// TestPartsAreOfOneGroupEach, where the tool has a place for each, and name it wherever the form has words for it.
func TestPartsAreOfOneGroupEach(t *testing.T) {
	two := []form.Size{{Group: "ci", Alias: "a", Key: fleet.KeySize, Conns: 9, Processes: 1},
		{Group: "main", Alias: "a", Key: fleet.KeySize, Conns: 15, Processes: 2},
		{Group: "third", Alias: "a", Key: fleet.KeySize, Conns: 15, Processes: 2, Stays: true}}
	for _, f := range form.Forms() {
		parts, err := f.Parts(two)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if f.Whole {
			if len(parts) != 1 || parts[0].Group != "" || !strings.Contains(parts[0].Text, "third/a") {
				t.Errorf("%s: %+v", f.Name, parts)
			}
			continue
		}
		if len(parts) != 2 || parts[0].Group != "ci" || parts[1].Group != "main" {
			t.Errorf("%s: %+v", f.Name, parts)
			continue
		}
		for _, p := range parts {
			if !f.JSON && !strings.Contains(p.Text, p.Group) {
				t.Errorf("%s of %s does not name it:\n%s", f.Name, p.Group, p.Text)
			}
		}
	}
}
