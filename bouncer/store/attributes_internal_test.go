package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAnAttributeThatCannotBeGivenIsNamed gives what nobody may give, root not either.
func TestAnAttributeThatCannotBeGivenIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*attributes)
		says   string
		root   bool // may give it
	}{
		"an owner": {func(a *attributes) { a.uid++ }, "owner and group", true},
		"a label of no kind": {func(a *attributes) { a.extended = map[string][]byte{"nokind.label": {1}} },
			"nokind.label cannot be given", false},
		"an ACL that is none": {func(a *attributes) { a.extended = map[string][]byte{"system.posix_acl_access": {1}} },
			"system.posix_acl_access cannot be given", false},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Create(filepath.Join(t.TempDir(), "new"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			a, err := attributesOf(file)
			if err != nil {
				t.Fatal(err)
			}
			c.change(&a)
			err = a.give(file)
			if c.root && os.Geteuid() == 0 {
				if err != nil {
					t.Errorf("root may: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || operr.KindOf(refused("x", err)) != operr.KindUsage {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestALostAttributeIsNamed(t *testing.T) {
	all := attributes{uid: 1, gid: 2, mode: 0o640, extended: map[string][]byte{"user.a": []byte("1"),
		"security.selinux": []byte("etc_t")}}
	for want, has := range map[string]attributes{
		"": {uid: 1, gid: 2, mode: 0o640, extended: map[string][]byte{"user.a": []byte("1"),
			"security.selinux": []byte("etc_t")}},
		"owner and group 1:2": {uid: 1, gid: 3, mode: 0o640, extended: all.extended},
		"mode -rw-r-----":     {uid: 1, gid: 2, mode: 0o600, extended: all.extended},
		"security.selinux": {uid: 1, gid: 2, mode: 0o640, extended: map[string][]byte{"user.a": []byte("1"),
			"security.selinux": []byte("tmp_t")}},
		"user.a": {uid: 1, gid: 2, mode: 0o640,
			extended: map[string][]byte{"security.selinux": []byte("etc_t")}},
		"to be without user.more": {uid: 1, gid: 2, mode: 0o640, extended: map[string][]byte{"user.a": []byte("1"),
			"security.selinux": []byte("etc_t"), "user.more": nil}},
		"the flags that lsattr shows": {uid: 1, gid: 2, mode: 0o640, extended: all.extended, inode: inode{keptFlags}},
	} {
		if got, lost := all.lost(has); got != want || lost != (want != "") {
			t.Errorf("%q, %v, want %q", got, lost, want)
		}
	}
}

func TestEachInodeFlagHasItsLetter(t *testing.T) {
	for flags, want := range map[uint32]string{0: "", flagNoDump | 0x80000: "", flagImmutable: "i", flagAppend: "a"} {
		if got := (inode{flags}).pinned(); got != want {
			t.Errorf("%x: %q, want %q", flags, got, want)
		}
		a := attributes{mode: 0o600, names: 1, inode: inode{flags}}
		if err := a.replaceable("x", "/x", inode{}); (err == nil) != (want == "") {
			t.Errorf("%x: %v", flags, err)
		}
		if err := (attributes{mode: 0o600, names: 1}).replaceable("x", "/x", inode{flags}); (err == nil) != (want == "") {
			t.Errorf("folder %x: %v", flags, err)
		}
	}
}

// TestAFlagThatAnOverlayLosesIsNoChangeOfSomebodyElse: a file of a lower layer is copied when it is renamed.
func TestAFlagThatAnOverlayLosesIsNoChangeOfSomebodyElse(t *testing.T) {
	like := attributes{mode: 0o600, names: 1, inode: inode{flagNoDump}}
	x := found{attributes: attributes{mode: 0o600, names: 1}, sum: sum{1}}
	if !x.is(like, sum{1}) || x.is(like, sum{2}) {
		t.Error("a copy is taken for another file, or another for it")
	}
}

// TestTheListOfMountsIsRead reads a list of a container, whose names have a blank and a backslash in them.
func TestTheListOfMountsIsRead(t *testing.T) {
	const list = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 22 254:0 /srv/pgb.ini /etc/pgbouncer/pgbouncer.ini rw,relatime - ext4 /dev/vda rw
41 22 254:0 /srv/odd /etc/odd\040name\134x.ini rw,relatime master:1 - ext4 /dev/vda rw
`
	for path, want := range map[string]bool{"/": true, "/etc/pgbouncer/pgbouncer.ini": true, "/etc/pgbouncer": false,
		"/srv/pgb.ini": false, `/etc/odd name\x.ini`: true} {
		if got := mountListed(list, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if !mounted("/proc") || mounted(os.Args[0]) {
		t.Errorf("/proc %v, this test %v", mounted("/proc"), mounted(os.Args[0]))
	}
}
