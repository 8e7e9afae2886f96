package admin

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryColumnHasAReader: a column of the tables that the source names nowhere else is read by nobody.
func TestEveryColumnHasAReader(t *testing.T) {
	var source bytes.Buffer
	for _, folder := range []string{".", "../observe", "../apply", "../../ini"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if file == "columns.go" || strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(text)
		}
	}
	for _, s := range []sheet{showConfig, showDatabases, showPools, showStats, showUsers, showPeers, showServers, showDNS,
		showClients} {
		for _, c := range s.columns {
			if !bytes.Contains(source.Bytes(), []byte(`"`+c.name+`"`)) {
				t.Errorf("%s: nothing reads the column %s: read it, or take it out of columns.go", s.command, c.name)
			}
		}
	}
}
