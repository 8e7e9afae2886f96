package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes are what a file has besides its bytes and its times.
type attributes struct {
	uid, gid int
	mode     fs.FileMode       // permissions, setuid, setgid and sticky
	names    uint64            // hard links
	extended map[string][]byte // extended attributes, POSIX ACL and SELinux label among them
	inode    inode
}

// modeBits are the bits of a mode that belong to a file, and not to its kind.
const modeBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// ofContent are attributes that the kernel derives from a file's bytes: a copy would be wrong. Source: Linux
// Documentation/security/IMA-templates.rst, and evm in Documentation/ABI/testing/evm.
var ofContent = []string{"security.ima", "security.evm"}

// attributesOf reads the attributes of an open file.
func attributesOf(file *os.File) (attributes, error) {
	info, err := file.Stat()
	if err != nil {
		return attributes{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return attributes{}, errors.New("its owner cannot be read")
	}
	a := attributes{uid: int(stat.Uid), gid: int(stat.Gid), mode: info.Mode() & modeBits, names: uint64(stat.Nlink)}
	if a.extended, err = extendedOf(file); err != nil {
		return attributes{}, fmt.Errorf("its extended attributes cannot be read: %w", err)
	}
	a.inode = inodeOf(file)
	return a, nil
}

// extendedOf reads the extended attributes, those of the content apart.
func extendedOf(file *os.File) (map[string][]byte, error) {
	fd := int(file.Fd())
	list, err := grown(func(buffer []byte) (int, error) { return unix.Flistxattr(fd, buffer) })
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		if name == "" || slices.Contains(ofContent, name) {
			continue
		}
		if out[name], err = grown(func(buffer []byte) (int, error) { return unix.Fgetxattr(fd, name, buffer) }); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

// grown reads what tells its length when it is asked with an empty buffer, and may grow meanwhile.
func grown(read func(buffer []byte) (int, error)) ([]byte, error) {
	for {
		n, err := read(nil)
		if err != nil || n == 0 {
			return nil, err
		}
		buffer := make([]byte, n)
		if n, err = read(buffer); !errors.Is(err, unix.ERANGE) {
			return buffer[:max(n, 0)], err
		}
	}
}

// give makes a file's owner, extended attributes and mode those of a: in this order, because a change of owner takes
// capabilities and setuid away, and an ACL changes the mode. It compares afterwards: a file system may say yes and keep
// less. The file is written before: writing takes capabilities away, too.
func (a attributes) give(file *os.File) error {
	has, err := attributesOf(file)
	if err != nil {
		return err
	}
	if has.uid != a.uid || has.gid != a.gid {
		if err := file.Chown(a.uid, a.gid); err != nil {
			return &unkept{fmt.Sprintf("owner and group %d:%d", a.uid, a.gid), plain(err)}
		}
	}
	fd := int(file.Fd())
	for name := range has.extended {
		if _, wanted := a.extended[name]; !wanted { // the folder has given it
			if err := unix.Fremovexattr(fd, name); err != nil {
				return &unkept{"to be without " + name, err}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.extended)) {
		if old, is := has.extended[name]; is && bytes.Equal(old, a.extended[name]) {
			continue
		}
		if err := unix.Fsetxattr(fd, name, a.extended[name], 0); err != nil {
			return &unkept{name, err}
		}
	}
	if err := file.Chmod(a.mode); err != nil {
		return &unkept{fmt.Sprintf("mode %v", a.mode), plain(err)}
	}
	if has, err = attributesOf(file); err != nil {
		return err
	}
	if what, lost := a.lost(has); lost {
		return &unkept{what, errors.New("the file system has not kept it")}
	}
	return nil
}

// lost names the first attribute that a file with has does not have as a has it; false: none.
func (a attributes) lost(has attributes) (what string, lost bool) {
	switch {
	case has.uid != a.uid || has.gid != a.gid:
		return fmt.Sprintf("owner and group %d:%d", a.uid, a.gid), true
	case has.mode != a.mode:
		return fmt.Sprintf("mode %v", a.mode), true
	case has.inode.flags&keptFlags != a.inode.flags&keptFlags:
		return "the flags that lsattr shows", true
	}
	for _, name := range slices.Sorted(maps.Keys(a.extended)) {
		if value, is := has.extended[name]; !is || !bytes.Equal(value, a.extended[name]) {
			return name, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(has.extended)) {
		if _, is := a.extended[name]; !is {
			return "to be without " + name, true
		}
	}
	return "", false
}

// unkept is an attribute that a new file cannot be given.
type unkept struct {
	what string
	err  error
}

func (e *unkept) Error() string {
	return fmt.Sprintf("%s cannot be given to a new file: %v", e.what, e.err)
}
func (e *unkept) Unwrap() error { return e.err }
