package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Managed is the error that names who writes a file of this host besides, and where it has to be changed instead; nil:
// the file system shows nothing of that kind. Two keepers of files show by where a path leads:
//
//   - Kubernetes mounts a ConfigMap or Secret as links into a folder ..data, itself a link to a folder named after the
//     time of the last sync. What is written there is gone at the next one. Source: AtomicWriter in k8s.io/kubernetes
//     pkg/volume/util/atomic_writer.go
//   - Nix and Guix keep files in a store that only a rebuild of the system changes.
func (f File) Managed(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	for _, store := range []string{"/nix/store/", "/gnu/store/"} {
		if strings.HasPrefix(real, store) {
			return fmt.Errorf("%s: a link into %s, which a rebuild of the system writes: change its size in the "+
				"system's configuration", path, store)
		}
	}
	const data = "..data"
	for dir := filepath.Dir(real); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if base := filepath.Base(dir); !strings.HasPrefix(base, "..") {
			continue
		}
		if target, err := os.Readlink(filepath.Join(filepath.Dir(dir), data)); err == nil &&
			filepath.Base(target) == filepath.Base(dir) {
			return fmt.Errorf("%s: a file of a Kubernetes ConfigMap or Secret (a link through %s), and Kubernetes would "+
				"put the old size back: "+
				"change the ConfigMap, wait until its mount shows the change, then RELOAD", path, filepath.Join(filepath.Dir(dir),
				data))
		}
	}
	return nil
}
