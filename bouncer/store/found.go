package store

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// found is what stands under a name. Of what is no regular file there is info alone, and a sum that no bytes have.
type found struct {
	info fs.FileInfo
	attributes
	sum sum
}

// sum is the hash of a file's bytes.
type sum = [sha256.Size]byte

// inspect reads what stands under a name itself: no link is followed, no pipe waited for, no device opened.
func inspect(name string) (found, error) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return found{info: info}, err
	}
	file, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return found{info: info}, err
	}
	defer file.Close()
	x := found{}
	if x.info, err = file.Stat(); err != nil || !x.info.Mode().IsRegular() {
		return x, err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return x, err
	}
	hash.Sum(x.sum[:0])
	x.attributes, err = attributesOf(file) // after the bytes: whoever writes takes setuid and capabilities away
	return x, err
}

// is reports whether it is a file of one name with these bytes and attributes. Which inode it is does not matter: a
// file system of a program's (FUSE) may number a file anew, and who put an equal one there loses nothing. Nor do the
// flags of lsattr: an overlay loses some when it copies a file up, as it does to rename it.
func (x found) is(like attributes, bytes sum) bool {
	x.inode = like.inode
	_, lost := like.lost(x.attributes)
	return x.sum == bytes && x.names == 1 && !lost
}

// same reports whether two samples found one thing, with the same bytes where it has some.
func (x found) same(y found) bool {
	return x.info != nil && y.info != nil && os.SameFile(x.info, y.info) && x.sum == y.sum
}
