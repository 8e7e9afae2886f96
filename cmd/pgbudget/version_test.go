package main

import (
	"runtime/debug"
	"testing"
)

func TestTheVersionNamesTheCommit(t *testing.T) {
	stamp := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "-compiler", Value: "gc"}, {Key: "vcs", Value: "git"},
			{Key: "vcs.revision", Value: "973dc5bd1f2a0c0ffee0973dc5bd1f2a0c0ffee0"},
			{Key: "vcs.time", Value: "2026-11-30T03:57:44Z"}, {Key: "vcs.modified", Value: modified}}
	}
	module := func(version string) debug.Module { return debug.Module{Version: version} }
	for _, c := range []struct {
		info debug.BuildInfo
		want string
	}{
		{debug.BuildInfo{Main: module("v1.2.3"), GoVersion: "go1.26.8", Settings: stamp("false")},
			"v1.2.3 (revision 973dc5bd1f2a of 2026-11-30T03:57:44Z, go1.26.8)"},
		{debug.BuildInfo{Main: module("v1.2.3+dirty"), GoVersion: "go1.26.8", Settings: stamp("true")},
			"v1.2.3+dirty (revision 973dc5bd1f2a with changes of 2026-11-30T03:57:44Z, go1.26.8)"},
		{debug.BuildInfo{Main: module("v1.2.3"), GoVersion: "go1.26.8"}, "v1.2.3 (unknown revision, go1.26.8)"},
		{debug.BuildInfo{Main: module("(devel)"), GoVersion: "go1.26.8",
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "973d"}}},
			"(devel) (revision 973d, go1.26.8)"},
		{debug.BuildInfo{}, "(devel) (unknown revision, unknown Go)"},
	} {
		if got := builtOf(c.info); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
