package store

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// examine reads what a new file has to be given, and refuses what cannot be replaced.
func (f File) examine(path, real string) (attributes, error) {
	if kept := f.Managed(path); kept != nil {
		return attributes{}, &operr.Error{Kind: operr.KindUsage, Err: kept,
			Hint: "change the size where the file comes from; --emit patch prints the change"}
	}
	file, err := os.OpenFile(real, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return attributes{}, refused(path, err)
	}
	defer file.Close()
	folder, err := os.Open(filepath.Dir(real))
	if err != nil {
		return attributes{}, refused(path, fmt.Errorf("its folder: %w", plain(err)))
	}
	defer folder.Close()
	like, err := attributesOf(file)
	if err != nil {
		return like, refused(path, err)
	}
	return like, like.replaceable(path, real, inodeOf(folder))
}

// replaceable refuses a file that another cannot take the place of.
func (a attributes) replaceable(path, real string, folder inode) error {
	refuse := func(hint, format string, args ...any) error {
		e := refused(path, fmt.Errorf(format, args...))
		e.Kind, e.Hint = operr.KindUsage, hint
		return e
	}
	switch file, in := a.inode.pinned(), folder.pinned(); {
	case a.mode.Perm()&0o222 == 0: // the owner of a folder could replace it all the same; who made it read-only meant it
		return refuse("chmod u+w "+real+" if pgbudget may write it", "it is read-only (mode %v)", a.mode.Perm())
	case file != "":
		return refuse("chattr -"+file+" "+real+" if pgbudget may write it", "the file has the flag %s of lsattr", file)
	case in != "":
		return refuse("chattr -"+in+" "+filepath.Dir(real)+" if pgbudget may write in it",
			"its folder has the flag %s of lsattr", in)
	case mounted(real):
		return refuse("mount its folder instead of the file, or give read: and write: commands under config: of the process",
			"the file is a mount of its own, and no new file can take its place")
	case a.names > 1:
		return refuse("find the others with find -samefile "+real+", and make them symbolic links",
			"the file has %d names (hard links), and the others would keep the old bytes", a.names)
	}
	return nil
}

// replace writes a new file beside real and gives it the real one's name, where that is still the old one.
func (f File) replace(real string, like attributes, old, data []byte) (written bool, err error) {
	names, done, err := f.Keep.temporaries(real, 2, old, data)
	if err != nil {
		return false, err
	}
	defer done()
	return f.place(names[0], names[1], real, like, old, data)
}

// place makes a new file under the name half, and once it is complete it is called temp: what is found under that name
// after a crash is told by its bytes, ours or somebody's.
func (f File) place(half, temp, real string, like attributes, old, data []byte) (written bool, err error) {
	if err := f.temporary(half, like, data); err != nil {
		return false, err
	}
	err = f.before("name")
	if err == nil {
		err = os.Rename(half, temp)
	}
	if err != nil {
		os.Remove(half)
		return false, err
	}
	return f.swap(temp, real, like, old, data)
}

// temporary makes a file of that name with data in it and with the attributes.
func (f File) temporary(name string, like attributes, data []byte) (err error) {
	if err := f.before("create"); err != nil {
		return err
	}
	temp, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // nobody else may read it yet
	if err != nil {
		return err
	}
	defer func() {
		if err = joined(err, temp.Close()); err != nil {
			os.Remove(name)
		}
	}()
	for _, step := range []struct {
		op string
		do func() error
	}{
		{"flags", func() error { return like.inode.give(temp) }},
		{"write", func() error { _, err := temp.Write(data); return err }},
		{"attributes", func() error { return like.give(temp) }},
		{"sync", temp.Sync},
	} {
		if err := f.before(step.op); err != nil {
			return err
		}
		if err := step.do(); err != nil {
			return err
		}
	}
	return nil
}
