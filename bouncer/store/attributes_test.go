package store_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

const (
	accessACL  = "system.posix_acl_access"
	defaultACL = "system.posix_acl_default"
)

// acl is the kernel's form of user::rw-,user:65534:r--,group::r--,mask::r--,other::---, as setfacl writes it.
// Source: include/uapi/linux/posix_acl_xattr.h.
func acl() []byte {
	out := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{0x01, 6, 0xffffffff}, {0x02, 4, 65534}, {0x04, 4, 0xffffffff}, {0x10, 4, 0xffffffff}, {0x20, 0, 0xffffffff}} {
		out = binary.LittleEndian.AppendUint16(out, e.tag)
		out = binary.LittleEndian.AppendUint16(out, e.perm)
		out = binary.LittleEndian.AppendUint32(out, e.id)
	}
	return out
}

// attributed is a folder with the file and its link on a file system that has extended attributes and ACLs.
func attributed(t *testing.T) (file, link string) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{os.TempDir(), here, "/var/tmp", "/dev/shm"} {
		dir, err := os.MkdirTemp(root, "store-test-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		file, link = filledFolder(t, dir)
		if unix.Setxattr(file, "user.try", []byte("x"), 0) == nil && unix.Setxattr(file, accessACL, acl(), 0) == nil {
			for _, name := range []string{"user.try", accessACL} {
				if err := unix.Removexattr(file, name); err != nil {
					t.Fatal(err)
				}
			}
			return file, link
		}
	}
	t.Fatal("no folder here has extended attributes and ACLs")
	return "", ""
}

// described is all that a file has besides its bytes.
func described(t *testing.T, path string) map[string]string {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	out := map[string]string{"mode": info.Mode().String(), "owner": fmt.Sprintf("%d:%d", stat.Uid, stat.Gid)}
	list := make([]byte, 64<<10)
	n, err := unix.Listxattr(path, list)
	if err != nil && !errors.Is(err, unix.ENOTSUP) {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list[:max(n, 0)]), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Getxattr(path, name, value)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = fmt.Sprintf("%x", value[:n])
	}
	return out
}

func set(t *testing.T, path, name string, value []byte) {
	t.Helper()
	if err := unix.Setxattr(path, name, value, 0); err != nil {
		t.Fatalf("%s of %s: %v", name, path, err)
	}
}

func TestWriteKeepsEveryAttribute(t *testing.T) {
	for name, give := range map[string]func(t *testing.T, file string){
		"0600 and an ACL for another user": func(t *testing.T, file string) {
			if err := os.Chmod(file, 0o600); err != nil {
				t.Fatal(err)
			}
			set(t, file, accessACL, acl())
		},
		"extended attributes, an empty and a long one": func(t *testing.T, file string) {
			set(t, file, "user.origin", []byte("ticket 4711"))
			set(t, file, "user.empty", nil)
			set(t, file, "user.long", []byte(strings.Repeat("x", 1000)))
		},
		"setgid, an ACL and an attribute": func(t *testing.T, file string) {
			set(t, file, accessACL, acl())
			set(t, file, "user.origin", []byte("here"))
			if err := os.Chmod(file, 0o640|fs.ModeSetgid|fs.ModeSticky); err != nil {
				t.Fatal(err)
			}
		},
		"a folder that gives its files an ACL that this one has not": func(t *testing.T, file string) {
			set(t, filepath.Dir(file), defaultACL, acl())
		},
		"another group": func(t *testing.T, file string) {
			if os.Geteuid() == 0 {
				if err := os.Chown(file, 0, 65533); err != nil {
					t.Fatal(err)
				}
			}
		},
		"another owner, a capability, an attribute of root": func(t *testing.T, file string) {
			if os.Geteuid() != 0 {
				return
			}
			if err := os.Chown(file, 65534, 65533); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, 0o640|fs.ModeSetuid|fs.ModeSetgid); err != nil {
				t.Fatal(err)
			}
			// cap_net_bind_service+p
			set(t, file, "security.capability", []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
			set(t, file, "trusted.origin", []byte("here"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			file, link := attributed(t)
			give(t, file)
			want := described(t, file)
			if err := (store.File{}).Write(t.Context(), link, []byte(older), []byte(newer)); err != nil {
				t.Fatal(err)
			}
			holds(t, file, newer)
			alone(t, file)
			if got := described(t, file); !maps.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// TestAFileWithTwoNamesIsRefused: a new file would take one of the names alone, and the other would keep the old bytes.
func TestAFileWithTwoNamesIsRefused(t *testing.T) {
	file, _ := folder(t)
	other := filepath.Join(t.TempDir(), "other.ini")
	if err := os.Link(file, other); err != nil {
		t.Fatal(err)
	}
	err := (store.File{}).Write(t.Context(), file, []byte(older), []byte(newer))
	if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "2 names") || operr.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	alone(t, file)
	for _, path := range []string{file, other} {
		holds(t, path, older)
	}
	if err := (store.File{}).Write(t.Context(), file, []byte(older), []byte(older)); err != nil {
		t.Errorf("what it holds already needs no write: %v", err)
	}
}
