package main

import "golang.org/x/sys/unix"

// unread discards what was typed on a terminal and nobody has read.
func unread(fd uintptr) error { return unix.IoctlSetInt(int(fd), unix.TCFLSH, unix.TCIFLUSH) }
