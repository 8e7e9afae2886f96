package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Form is a tool's own form of sizes.
type Form struct {
	Name  string
	Means string // whose it is, and where it goes
	YAML  bool   // it is a stream of documents
	JSON  bool   // it has no comments
	Whole bool   // one text has every group: it is replaced as a whole, and what stays is in it, too
	// sizes are of one group, one of which changes at least; of Whole those of all
	write func(sizes []Size) (string, error)
}

// Forms are all of them, in the order in which they are told.
func Forms() []Form {
	return []Form{
		{Name: "chef", JSON: true, write: chef,
			Means: "attributes of a Chef role for the omnibus-gitlab cookbook: gitlab_rb.pgbouncer.databases"},
		{Name: "omnibus", JSON: true, write: omnibus,
			Means: "what databases.json of Omnibus GitLab is to have: its databases by name"},
		{Name: "gitlab.rb", write: gitlabRB,
			Means: "lines of /etc/gitlab/gitlab.rb, behind pgbouncer['databases'] = {…}"},
		{Name: "cloudnativepg", YAML: true, write: cloudNativePG,
			Means: "spec.pgbouncer.parameters of a Pooler of CloudNativePG, one for each group"},
		{Name: "zalando", YAML: true, write: zalando,
			Means: "spec.connectionPooler of a postgresql of the Zalando operator, one for each group"},
		{Name: "helm", YAML: true, write: helm,
			Means: "values of a chart with config.databases, such as icoretech's, one for each group"},
		{Name: "helm-env", YAML: true, write: helmEnv,
			Means: "values of a chart that gives variables to the image of Bitnami, one for each group"},
		{Name: "terraform", Whole: true, write: terraform,
			Means: "a tfvars file with pgbouncer_pool_sizes by group/alias"},
	}
}

// Names are the names of all forms.
func Names() (names []string) {
	for _, f := range Forms() {
		names = append(names, f.Name)
	}
	return names
}

// Of is the form of a name. The error, of KindUsage, is that there is none.
func Of(name string) (Form, error) {
	for _, f := range Forms() {
		if f.Name == name {
			return f, nil
		}
	}
	return Form{}, &operr.Error{Kind: operr.KindUsage, Err: fmt.Errorf("%s is no form", name),
		Hint: "the forms are " + strings.Join(Names(), ", ")}
}

// Part is what goes to one place.
type Part struct {
	Group string // whose; empty: of all groups
	Text  string
}

// Parts writes the sizes that change for each group by itself, where the tool has a place for each. The error, of
// KindInfeasible, is that the tool cannot say what is to be said, or would change what is to stay.
func (f Form) Parts(sizes []Size) (parts []Part, err error) {
	if f.Whole {
		text, err := f.write(sizes)
		return []Part{{Text: text}}, err
	}
	for _, name := range groups(changed(sizes)) {
		text, err := f.write(of(name, sizes))
		if err != nil {
			return nil, err
		}
		parts = append(parts, Part{name, text})
	}
	return parts, nil
}

// cannot is the error of a tool that has no place for something.
func cannot(group, format string, args ...any) error {
	return &operr.Error{Kind: operr.KindInfeasible, Subject: "group " + group, Err: fmt.Errorf(format, args...),
		Hint: "plan with equal sizes: min: and max: of its pools, or write the lines of pgbouncer.ini: --emit patch"}
}

// settings are PgBouncer's names of sizes for every database.
var settings = map[fleet.Key]string{fleet.KeySize: "default_pool_size", fleet.KeyReserve: "reserve_pool_size"}

// databases are the aliases of sizes that change, with what each line is to have, by the names of a line's keys. The
// line of * is never written: PgBouncer would connect each of its databases anew.
func databases(sizes []Size) (map[string]map[string]int, error) {
	out := map[string]map[string]int{}
	for _, s := range changed(sizes) {
		if s.Alias == fleet.AutoDB {
			return nil, cannot(s.Group, "the databases of * have %s, and this form has lines of databases alone",
				settings[s.Key])
		}
		if out[s.Alias] == nil {
			out[s.Alias] = map[string]int{}
		}
		out[s.Alias][string(s.Key)] = s.Conns
	}
	return out, nil
}

// indentedDatabases are databases below words, as JSON.
func indentedDatabases(sizes []Size, words ...string) (string, error) {
	dbs, err := databases(sizes)
	if err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(nest(dbs, words...), "", "  ")
	return string(b) + "\n", err
}

func chef(sizes []Size) (string, error) {
	return indentedDatabases(sizes, "override_attributes", "omnibus-gitlab", "gitlab_rb", "pgbouncer", "databases")
}

func omnibus(sizes []Size) (string, error) {
	return indentedDatabases(sizes)
}

// nest puts a value below words.
func nest(v any, words ...string) any {
	for _, w := range slices.Backward(words) {
		v = map[string]any{w: v}
	}
	return v
}

// gitlabRB writes assignments, so that host, user and password of a database stay. Keys are symbols, as in GitLab's
// own pages; what Omnibus keeps them in takes both.
func gitlabRB(sizes []Size) (string, error) {
	var b strings.Builder
	dbs, err := databases(sizes)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "# group %s\n", sizes[0].Group)
	for _, alias := range sorted(dbs) {
		for _, key := range sorted(dbs[alias]) {
			fmt.Fprintf(&b, "pgbouncer['databases'][%s][:%s] = %d\n", symbol(alias), key, dbs[alias][key])
		}
	}
	return b.String(), nil
}

// symbol is a name as a symbol of Ruby.
func symbol(name string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name)
	return ":'" + quoted + "'"
}

func sorted[T any](m map[string]T) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// only are the sizes of a group's processes where the tool has one number for every database, those that stay among
// them; -1: the step changes none.
func only(group, tool string, sizes []Size) (size, reserve int, err error) {
	one := func(key fleet.Key) (int, error) {
		own := slices.DeleteFunc(slices.Clone(sizes), func(s Size) bool { return s.Key != key })
		if len(changed(own)) == 0 {
			return -1, nil
		}
		for _, s := range own[1:] {
			if s.Conns != own[0].Conns {
				return 0, cannot(group, "%s has one %s for every database, and %s is to have %d where %s has %d", tool,
					settings[key], s.Alias, s.Conns, own[0].Alias, own[0].Conns)
			}
		}
		return own[0].Conns, nil
	}
	if size, err = one(fleet.KeySize); err == nil {
		reserve, err = one(fleet.KeyReserve)
	}
	return size, reserve, err
}

// document writes a YAML document of a group.
func document(sizes []Size, one func(group string) (any, error)) (string, error) {
	group := sizes[0].Group
	v, err := one(group)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# group %s\n", group)
	err = yaml.NewEncoder(&b, yaml.Indent(2), yaml.IndentSequence(true)).Encode(v)
	return b.String(), err
}

// cloudNativePG: parameters are strings, of all databases. Source: CloudNativePG, Pooler, spec.pgbouncer.parameters.
func cloudNativePG(sizes []Size) (string, error) {
	return document(sizes, func(group string) (any, error) {
		size, reserve, err := only(group, "a Pooler", sizes)
		if err != nil {
			return nil, err
		}
		parameters := yaml.MapSlice{}
		if size >= 0 {
			parameters = append(parameters, yaml.MapItem{Key: "default_pool_size", Value: strconv.Itoa(size)})
		}
		if reserve >= 0 {
			parameters = append(parameters, yaml.MapItem{Key: "reserve_pool_size", Value: strconv.Itoa(reserve)})
		}
		return resource("postgresql.cnpg.io/v1", "Pooler", group, yaml.MapSlice{{Key: "pgbouncer",
			Value: yaml.MapSlice{{Key: "parameters", Value: parameters}}}}), nil
	})
}

// resource is an object of Kubernetes.
func resource(version, kind, name string, spec yaml.MapSlice) yaml.MapSlice {
	return yaml.MapSlice{{Key: "apiVersion", Value: version}, {Key: "kind", Value: kind},
		{Key: "metadata", Value: yaml.MapSlice{{Key: "name", Value: name}}}, {Key: "spec", Value: spec}}
}

// zalando: the operator parts maxDBConnections among the instances, and gives default_pool_size half of a part,
// rounded down, and the reserve a quarter. Source: zalando/postgres-operator, pkg/cluster/connection_pooler.go,
// getConnectionPoolerEnvVars.
func zalando(sizes []Size) (string, error) {
	return document(sizes, func(group string) (any, error) {
		size, _, err := only(group, "a connectionPooler", sizes)
		switch {
		case err != nil:
			return nil, err
		case size < 0:
			return nil, cannot(group, "the operator takes the reserve from the size, which does not change")
		}
		for _, s := range sizes {
			if s.Key == fleet.KeyReserve && s.Conns != size/2 {
				return nil, cannot(group, "the operator gives the reserve half of the size, %d, and %s is to have %d", size/2,
					s.Alias, s.Conns)
			}
		}
		processes := max(1, sizes[0].Processes)
		return resource("acid.zalan.do/v1", "postgresql", group, yaml.MapSlice{{Key: "connectionPooler",
			Value: yaml.MapSlice{{Key: "numberOfInstances", Value: processes},
				{Key: "maxDBConnections", Value: 2 * size * processes}}}}), nil
	})
}

func helm(sizes []Size) (string, error) {
	return document(sizes, func(string) (any, error) {
		dbs, err := databases(sizes)
		return nest(dbs, "config", "databases"), err
	})
}

// helmEnv: the image reads PGBOUNCER_ and the name of a setting. Source: the image bitnami/pgbouncer,
// rootfs/opt/bitnami/scripts/pgbouncer-env.sh.
func helmEnv(sizes []Size) (string, error) {
	return document(sizes, func(group string) (any, error) {
		size, reserve, err := only(group, "the image", sizes)
		if err != nil {
			return nil, err
		}
		var env []yaml.MapSlice
		if size >= 0 {
			env = append(env, variable("PGBOUNCER_DEFAULT_POOL_SIZE", size))
		}
		if reserve >= 0 {
			env = append(env, variable("PGBOUNCER_RESERVE_POOL_SIZE", reserve))
		}
		return map[string]any{"extraEnvVars": env}, nil
	})
}

// variable is a variable of a container's environment; its value is a string.
func variable(name string, n int) yaml.MapSlice {
	return yaml.MapSlice{{Key: "name", Value: name}, {Key: "value", Value: strconv.Itoa(n)}}
}

// terraform writes each variable as a whole: a tfvars file assigns it once, and in place of what it had.
func terraform(sizes []Size) (string, error) {
	var b strings.Builder
	all := changed(sizes)
	for i, s := range sizes {
		if i > 0 && s.Group == sizes[i-1].Group && s.Alias == sizes[i-1].Alias && s.Key == sizes[i-1].Key &&
			slices.ContainsFunc(all, func(c Size) bool { return c.Key == s.Key }) {
			return "", cannot(s.Group, "%s of %s is %d in one process and %d in another, and the variable has one for the group",
				s.Key, s.Alias, sizes[i-1].Conns, s.Conns)
		}
	}
	for _, key := range []fleet.Key{fleet.KeySize, fleet.KeyReserve} {
		var lines []string
		for _, s := range sizes {
			if s.Key == key && slices.ContainsFunc(all, func(c Size) bool { return c.Key == key }) {
				lines = append(lines, fmt.Sprintf("  %s = %d\n", hclString(s.Group+"/"+s.Alias), s.Conns))
			}
		}
		if len(lines) > 0 {
			fmt.Fprintf(&b, "pgbouncer_%ss = {\n%s}\n", key, strings.Join(lines, ""))
		}
	}
	return b.String(), nil
}

// hclString is a text as HCL has it: a ${ or %{ in it begins nothing.
func hclString(text string) string {
	quoted := strconv.Quote(text)
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(quoted)
}
