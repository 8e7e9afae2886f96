package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
)

// version is the module's version as the Go toolchain recorded it.
func version() string { return moduleVersion(buildInfo()) }

// buildInfo is what the Go toolchain recorded of this program; empty where nothing was recorded.
func buildInfo() debug.BuildInfo {
	if info, ok := debug.ReadBuildInfo(); ok {
		return *info
	}
	return debug.BuildInfo{}
}

func moduleVersion(info debug.BuildInfo) string { return cmp.Or(info.Main.Version, "(devel)") }

// builtOf says of which version and commit a program was built, and by which Go. A build outside a clone, as go install
// makes one of a released version, knows no commit.
func builtOf(info debug.BuildInfo) string {
	stamp := map[string]string{}
	for _, s := range info.Settings {
		stamp[s.Key] = s.Value
	}
	commit := "unknown revision"
	if revision := stamp["vcs.revision"]; revision != "" {
		commit = "revision " + revision[:min(len(revision), shortRevision)]
		if stamp["vcs.modified"] == "true" {
			commit += " with changes"
		}
		if at := stamp["vcs.time"]; at != "" {
			commit += " of " + at
		}
	}
	return fmt.Sprintf("%s (%s, %s)", moduleVersion(info), commit, cmp.Or(info.GoVersion, "unknown Go"))
}

// shortRevision is how much of a commit's name is shown. chosen: as the Go toolchain has it in versions of commits.
const shortRevision = 12
