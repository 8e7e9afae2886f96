package config

import (
	"strings"
	"testing"
)

// TestAShareOutOfBoundsIsToldInOneText: as it was written, and with the bounds that hold for it.
func TestAShareOutOfBoundsIsToldInOneText(t *testing.T) {
	const server = "servers: [{name: a, dsn: x, headroom: "
	for text, want := range map[string]string{
		"pools: [{pool: a/b, utilization: 101%}]\n": "pools[0].utilization is 101%, want 1 to 99%, or 0.01 to 0.99\n",
		"pools: [{pool: a/b, utilization: 100%}]\n": "pools[0].utilization is 100%, want 1 to 99%, or 0.01 to 0.99\n",
		"pools: [{pool: a/b, utilization: 90}]\n":   "pools[0].utilization is 90, want 1 to 99%, or 0.01 to 0.99\n",
		"pools: [{pool: a/b, utilization: 0.5%}]\n": "pools[0].utilization is 0.5%, want 1 to 99%, or 0.01 to 0.99\n",
		"pools: [{pool: a/b, utilization: -1}]\n":   "pools[0].utilization is -1, want 1 to 99%, or 0.01 to 0.99\n",
		"pools: [{pool: a/b, utilization: much}]\n": `pools[0].utilization is "much", want a share such as 5% or 0.05` + "\n",
		"pools: [{pool: a/b, utilization: [1]}]\n":  "pools[0].utilization is a list or a map, want one value\n",
		"pools: [{pool: a/b, utilization: ''}]\n":   `pools[0].utilization is "", want a share`,
		"deadband: 5\n":                    "deadband is 5, want 0 to 100%, or 0 to 1\n",
		server + "{cpu: 20}}]\n":           "headroom.cpu is 20, want 0 to 100%, or 0 to 1\n",
		server + "{connections: 101%}}]\n": "headroom.connections is 101%, want 0 to 100%\n",
		server + "{connections: 0.05}}]\n": `headroom.connections is "0.05", want connections such as 25, or a share such as 5%`,
		"policy: {percent: 5%}\n":          `policy.percent is "5%", want 0.01 to 100, without %`,
		"policy: {aborts: 5%}\n":           `policy.aborts is "5%", want a whole number, 1 to 100, without %`,
		shiftBase + "shift: {from: main/app, to: ci/app, fraction: 35, get: " +
			"[f]}\n": `fraction is "35", want the part of the load that moves, 0 to 100%, or 0 to 1, such as 35% or 25%-45%`,
	} {
		if _, err := Parse("f.yaml", []byte(text), noEnv); err == nil || !strings.Contains(err.Error()+"\n", want) {
			t.Errorf("%s got %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{"1%", "99%", "0.01", "0.99"} {
		parse(t, "pools: [{pool: a/b, utilization: "+text+"}]\n")
	}
}

func TestAWordToFillInIsOneOfThoseThereAre(t *testing.T) {
	const group, command = "groups: [{name: main, processes: [{console: x, config: ", "{path: /a, read: [x], write: "
	shift := func(word string) string {
		return shiftBase + "shift: {from: main/app, to: ci/app, fraction: 1, get: [f], set: [f, '{{.Percent}}', '" + word +
			"']}\n"
	}
	for text, want := range map[string]string{
		shift("{{.Percentage}}"):                      `shift.set has the word "{{.Percentage}}": the one name that is filled in is {{.Percent}}` + "\n",
		shift("{{Percent}}"):                          `shift.set has the word "{{Percent}}": the one name that is filled in is {{.Percent}}` + "\n",
		shift("{{.Percent"):                           `shift.set has the word "{{.Percent": the one name that is filled in is {{.Percent}}` + "\n",
		group + command + "[sh, '{{.bytes}}']}}]}]\n": `config.write has the word "{{.bytes}}", did you mean {{.Bytes}}? {{.Path}}, {{.Bytes}}, {{.SHA256}} stand for what is filled in`,
		group + command + "[sh, 'a {{ .SHA256 " +
			"}}']}}]}]\n": `config.write has the word "{{ .SHA256 }}", did you mean {{.SHA256}}?`,
		group + command + "[sh, 'a {{.Byte}}']}}]}]\n": `did you mean {{.Bytes}}?`,
	} {
		if _, err := Parse("f.yaml", []byte(text), noEnv); err == nil || !strings.Contains(err.Error()+"\n", want) {
			t.Errorf("%s got %v\nwant %s", text, err, want)
		}
	}
	parse(t, group+command+"[docker, '{{.State}}', '{{.Bytes}}{{.SHA256}}', '{{.bytesRead}}']}}]}]\n") // another program's
	parse(t, shift("at {{.Percent}}, {{ .Percent }}"))
}
