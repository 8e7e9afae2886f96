package config

import (
	"strings"
	"testing"
)

// TestACommandIsNoPathAndNoWord: a text with blanks where words or a file are meant would be a file, or a command, of
// that very name.
func TestACommandIsNoPathAndNoWord(t *testing.T) {
	const store = "groups: [{name: main, processes: [{console: host=x, config: "
	for text, want := range map[string]string{
		"journal: j\nmirror: ssh backup " +
			"cat\n": `test.yaml:2:9: mirror is "ssh backup cat": want a list for a command, [ssh, backup, cat], or ./ssh backup cat for a file`,
		"journal: j\nmirror: .hidden file\n": `want a list for a command`,
		"journal: j\nmirror: ~/a b\n":        `want a list for a command`,
		"journal: j\nmirror: [ssh backup, " +
			"cat]\n": `mirror begins with the one word "ssh backup": write [ssh, backup, …] where it is a command and its arguments`,
		"journal: ssh backup cat\n":            `test.yaml:1:10: journal is "ssh backup cat": want ./ssh backup cat for a file of that name`,
		"hooks: {on_hold: [page dba]}\n":       `hooks.on_hold begins with the one word "page dba"`,
		"hooks: {on_hold: ['', dba]}\n":        `hooks.on_hold begins with an empty word`,
		store + "ssh pgb2 cat f}]}]\n":         `config is "ssh pgb2 cat f", want an absolute path, or {path, folder, read, write} with commands as lists`,
		store + "{path: ssh pgb2 cat f}}]}]\n": `config is "ssh pgb2 cat f", want an absolute path`,
		store + "{read: [ssh pgb2], write: " +
			"[x]}}]}]\n": `config.read begins with the one word "ssh pgb2"`,
		store + "{read: [x], write: ['', " +
			"x]}}]}]\n": `config.write begins with an empty word`,
		store + "{read: ssh pgb2, write: " +
			"[x]}}]}]\n": `is neither a path nor {path, folder, read, write} with commands as lists`,
		shiftBase + "shift: {from: main/app, to: ci/app, fraction: 1, get: [flag " +
			"get]}\n": `shift.get begins with the one word "flag get"`,
		shiftBase + "shift: {from: main/app, to: ci/app, fraction: 1, get: [f], set: ['f " +
			"{{.Percent}}']}\n": `shift.set begins with the one word "f {{.Percent}}"`,
		shiftBase + "shift: {from: main/app, to: ci/app, fraction: 1, get: flag get " +
			"x}\n": `the config has no prometheus:; a command is a list, [flag, get, x]`,
	} {
		if _, err := Parse("test.yaml", []byte(text), noEnv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s got %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{
		"journal: /var/a b/j\nmirror: /mnt/a b\n", "journal: ./a b\nmirror: ../a b\n",
		"journal: j\nmirror: [/opt/my tool, x]\n",
		store + "{path: /a b/c, read: [./my cat, x], write: [tee, a b]}}]}]\n", store + "/a b/c}]}]\n",
	} {
		parse(t, text)
	}
}
