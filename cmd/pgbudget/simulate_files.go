package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/sim/batch"
	"github.com/pgbudget/pgbudget/sim/chart"
)

// draw writes the first variant's first run to every --chart.
func (s simulation) draw(r batch.Report) error {
	if len(s.pictures) == 0 {
		return nil
	}
	first := r.Variants[0]
	if len(first.Timeline) == 0 {
		fmt.Fprintln(stderr, "note: the first run has not ended, so no picture was drawn")
		return nil
	}
	t := chart.Timeline{Title: s.title(), Samples: first.Timeline,
		Subtitle: fmt.Sprintf("%s, seed %d, after %s of warm-up", filepath.Base(s.file), r.FirstSeed, spell(first.Warmup))}
	if first.Name != "" {
		t.Subtitle += ", " + first.Name
	}
	var failed []error
	for _, file := range s.pictures {
		draw := t.SVG
		if filepath.Ext(file) == ".png" {
			draw = t.PNG
		}
		b, err := draw()
		if err == nil {
			err = writeWhole(file, b)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// writeJUnit writes --junit, of an interrupted batch, too.
func (s simulation) writeJUnit(r batch.Report) error {
	if s.junit == "" {
		return nil
	}
	b, err := r.JUnit(s.title(), s.repeat)
	if err != nil {
		return err
	}
	return writeWhole(s.junit, b)
}

// writeWhole writes a file whole or not at all; what is no regular file is written to, and so is where this command
// prints: /dev/stdout is not to be replaced by a file of that name. A symbolic link stays, and what it leads to is
// replaced.
func writeWhole(file string, b []byte) error {
	info, err := os.Stat(file)
	switch own := printedTo(info); {
	case err == nil && own != nil:
		_, err = own.Write(b)
	case err == nil && !info.Mode().IsRegular():
		err = os.WriteFile(file, b, 0o644)
	case err == nil:
		to := file
		if to, err = filepath.EvalSymlinks(file); err == nil {
			err = renameio.WriteFile(to, b, 0o644)
		}
	default:
		err = renameio.WriteFile(file, b, 0o644)
	}
	if err != nil {
		return &operr.Error{Kind: operr.KindUsage, Subject: file, Err: fmt.Errorf("the file cannot be written: %w",
			cause(err)),
			Hint: "choose a folder that can be written"}
	}
	return nil
}

// printedTo is the stream of this command that leads to a file; nil: none does.
func printedTo(info os.FileInfo) *os.File {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if own, err := f.Stat(); err == nil && info != nil && os.SameFile(info, own) {
			return f
		}
	}
	return nil
}

// runProgress shows on a terminal how much of the virtual time has passed.
type runProgress struct{ bar *progressbar.ProgressBar }

func newRunProgress(what string) runProgress {
	if !isatty.IsTerminal(os.Stderr.Fd()) {
		return runProgress{}
	}
	return runProgress{progressbar.NewOptions(1, progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())}
}

// reach is told by one worker at a time.
func (p runProgress) reach(done, total int) {
	if p.bar != nil {
		if p.bar.GetMax() != total {
			p.bar.ChangeMax(total)
		}
		_ = p.bar.Set(done) // a picture of progress that fails must not fail the work
	}
}

func (p runProgress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
