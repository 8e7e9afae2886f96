package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// What the files that a command writes begin with: a file that begins otherwise is somebody else's, and is not
// replaced. Source: of a PNG, its specification's signature.
var (
	planBegins    = []string{"{\n  \"fleet\":"}
	reportBegins  = []string{"<?xml"}
	pictureBegins = []string{"<svg", "<?xml", "\x89PNG\r\n\x1a\n"}
)

// replaceable refuses to replace a regular file that is not what is to be written in its place: what is nothing yet,
// or has nothing in it, is replaced, too. what is what the file would have to be.
func replaceable(name, what string, begins []string) error {
	info, err := os.Stat(name)
	if os.IsNotExist(err) || err == nil && !info.Mode().IsRegular() {
		return nil // whoever writes it knows what to do
	}
	if err == nil && info.Size() == 0 {
		return nil
	}
	var file *os.File
	if err == nil {
		file, err = os.Open(name)
	}
	if err != nil {
		return &operr.Error{Kind: operr.KindUsage, Subject: name, Err: cause(err), Hint: "name another file"}
	}
	defer file.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return &operr.Error{Kind: operr.KindUsage, Subject: name, Err: cause(err), Hint: "name another file"}
	}
	text := string(bytes.TrimLeft(head[:n], " \t\r\n"))
	for _, b := range begins {
		if strings.HasPrefix(text, b) {
			return nil
		}
	}
	return &operr.Error{Kind: operr.KindUsage, Subject: name, Err: errors.New("exists and is no " + what),
		Hint: "name another file"}
}
