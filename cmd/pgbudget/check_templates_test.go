package main

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestTheTemplatesOfCIRun: each is YAML, and its check runs in a folder that has pgbouncer/*.ini.
func TestTheTemplatesOfCIRun(t *testing.T) {
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ *- (?:run: )?(pgbudget check .*)$`)
	for _, name := range []string{"gitlab-check.yml", "github-check.yml"} {
		text, err := os.ReadFile(filepath.Join(root, "fixtures", "ci", name))
		if err != nil {
			t.Fatal(err)
		}
		var any map[string]any
		if err := yaml.Unmarshal(text, &any); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		found := line.FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s has no pgbudget check", name)
		}
		for sizes, want := range map[string]int{"100": exitDone, "400": exitInfeasible} {
			folder := t.TempDir()
			if err := os.Mkdir(filepath.Join(folder, "pgbouncer"), 0o755); err != nil {
				t.Fatal(err)
			}
			ini := "[databases]\napp = host=db user=app pool_size=" + sizes + "\n[pgbouncer]\n"
			if err := os.WriteFile(filepath.Join(folder, "pgbouncer", "main.ini"), []byte(ini), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("sh", "-c", string(found[1]))
			cmd.Dir, cmd.Env = folder, append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
			out, _ := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != want {
				t.Errorf("%s with pool_size %s: exit %d, want %d:\n%s", name, sizes, code, want, out)
			}
			report, err := os.ReadFile(filepath.Join(folder, "pgbudget.xml"))
			if err != nil || xml.Unmarshal(report, new(struct{})) != nil {
				t.Errorf("%s: the JUnit report (%v) is %q", name, err, report)
			}
		}
	}
}
