package config

import (
	"strings"
	"testing"
)

func TestARecyclingIsAcceptedByItsName(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	for text, want := range map[string]bool{"policy: {accept: [recycle]}\n": true, "policy: {accept: []}\n": false,
		"policy: {percent: 5}\n": false} {
		c, err := Parse("f.yaml", []byte(text), none)
		if err != nil || c.MovingPolicy().Recycle != want {
			t.Errorf("%s%v, error %v, want %v", text, c, err, want)
		}
	}
	if _, err := Parse("f.yaml", []byte("policy: {accept: [recycle, all]}\n"), none); err == nil ||
		!strings.Contains(err.Error(), `policy.accept[1] is "all", want recycle`) {
		t.Errorf("%v", err)
	}
}
