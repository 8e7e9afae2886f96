package store

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// inode is what a Linux file system keeps of a file besides: the flags of lsattr; 0 where it has none.
type inode struct{ flags uint32 }

// The flags of inodes by their letters of lsattr. Source: include/uapi/linux/fs.h.
const (
	flagCompress  = 0x4      // c
	flagSync      = 0x8      // S
	flagImmutable = 0x10     // i: no write, rename or removal
	flagAppend    = 0x20     // a: nothing but appending; a folder: no rename or removal in it
	flagNoDump    = 0x40     // d
	flagNoAtime   = 0x80     // A
	flagJournal   = 0x4000   // j
	flagNoCow     = 0x800000 // C
)

// keptFlags are those that a person sets and that say how the bytes are stored; the kernel sets the others by itself.
const keptFlags = flagCompress | flagSync | flagNoDump | flagNoAtime | flagJournal | flagNoCow

// inodeOf reads the flags of an open file or folder. A file system without flags has none set.
func inodeOf(file *os.File) inode {
	flags, err := unix.IoctlGetUint32(int(file.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return inode{}
	}
	return inode{flags}
}

// give sets the flags that a person may have set and that say how bytes are stored. The file is empty still: copy on
// write can be switched off for an empty file alone.
func (i inode) give(file *os.File) error {
	has := inodeOf(file)
	if has.flags&keptFlags == i.flags&keptFlags {
		return nil
	}
	flags := has.flags&^keptFlags | i.flags&keptFlags
	if err := unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, int(flags)); err != nil {
		return &unkept{"the flags that lsattr shows", err}
	}
	return nil
}

// pinned names the flag that keeps a file from being replaced, or a folder's files; empty: none does.
func (i inode) pinned() string {
	switch {
	case i.flags&flagImmutable != 0:
		return "i"
	case i.flags&flagAppend != 0:
		return "a"
	}
	return ""
}

// mounted reports whether a file is a mount of its own, as containers have it of single files: no other file can be
// renamed over it (EBUSY). Kernels before 5.8 do not say it of a file; there the list of mounts does.
func mounted(path string) bool {
	var s unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, 0, &s)
	if err == nil && s.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		return s.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
	}
	list, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && mountListed(string(list), path)
}

// mountListed reports whether a path is a mount point of /proc/self/mountinfo. Source: proc_pid_mountinfo(5).
func mountListed(mountinfo, path string) bool {
	escaped := strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`).Replace(path)
	for line := range strings.Lines(mountinfo) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == escaped {
			return true
		}
	}
	return false
}
