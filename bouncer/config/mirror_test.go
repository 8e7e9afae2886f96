package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestAMirrorIsAFileOrACommand beside a journal.
func TestAMirrorIsAFileOrACommand(t *testing.T) {
	for text, want := range map[string]Mirror{
		"journal: j\n":                               {},
		"journal: j\nmirror: /mnt/j.jsonl\n":         {Path: "/mnt/j.jsonl"},
		"journal: j\nmirror: [ssh, b, 'cat >> j']\n": {Argv: []string{"ssh", "b", "cat >> j"}},
		"mirror: [tee, -a, /mnt/j]\njournal: j\n":    {Argv: []string{"tee", "-a", "/mnt/j"}},
	} {
		if c := parse(t, text); !reflect.DeepEqual(c.Mirror, want) || c.MirrorWithin() != DefaultMirrorTimeout {
			t.Errorf("%q: %+v within %v, want %+v", text, c.Mirror, c.MirrorWithin(), want)
		}
	}
	if c := parse(t, "journal: j\nmirror: [x]\nmirror_timeout: 3s\n"); c.MirrorWithin() != 3*time.Second {
		t.Errorf("within %v", c.MirrorWithin())
	}
	for text, want := range map[string]string{
		"mirror: /mnt/j\n":                                    "test.yaml:1:9: mirror has no journal: beside it",
		"journal: j\nmirror: ''\n":                            "mirror is empty",
		"journal: j\nmirror: []\n":                            "mirror is a list without a command",
		"journal: j\nmirror: ['', x]\n":                       "mirror begins with an empty word, want a command",
		"journal: j\nmirror: {path: x}\n":                     "mirror ",
		"journal: a/j\nmirror: a//j\n":                        "mirror is the journal itself",
		"journal: j\nmirror: x\nmirror_timeout: 3s\n":         "mirror_timeout is the time of a command",
		"journal: j\nmirror: [x]\nmirror_timeout: 1ms\n":      "mirror_timeout is 1ms, want 100ms to 10m",
		"journal: j\nmirror: [x]\nmirror_timeout: somewhat\n": "mirror_timeout is \"somewhat\"",
	} {
		if _, err := Parse("test.yaml", []byte(text), noEnv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
