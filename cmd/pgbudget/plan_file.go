package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/bouncer/reviewed"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// saveable finds where --out leads: a file of its own, or one that a symbolic link leads to, in a folder in which a
// file can be made. A device or a pipe is left alone, and so is a file that is there and is no saved plan.
func saveable(file string) (string, error) {
	to, hint := file, "name a file"
	info, err := os.Stat(file)
	switch {
	case os.IsNotExist(err):
		err = nil
	case err == nil && info.Mode().IsRegular():
		if err := replaceable(file, "saved plan", planBegins); err != nil {
			return "", err
		}
		to, err = filepath.EvalSymlinks(file)
	case err == nil:
		err = errors.New("not a regular file; pgbudget would replace it by one")
	}
	if err == nil {
		hint = "choose a folder that can be written"
		err = writable(filepath.Dir(to))
	}
	if err != nil {
		return "", &operr.Error{Kind: operr.KindUsage, Subject: file, Err: fmt.Errorf("cannot save the plan: %w", cause(err)),
			Hint: hint}
	}
	return to, nil
}

// writable makes a file in a folder, and takes it away again.
func writable(folder string) error {
	f, err := os.CreateTemp(folder, ".pgbudget-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// savePlan writes a plan with its inputs, whole or not at all.
func savePlan(file string, plan reviewed.Plan) error {
	file, err := saveable(file)
	if err != nil {
		return err
	}
	if plan, err = plan.Sealed(); err != nil {
		return err
	}
	b, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(file, append(b, '\n'), 0o600); err != nil {
		return &operr.Error{Kind: operr.KindUsage, Subject: file, Err: fmt.Errorf("cannot save the plan: %w", cause(err)),
			Hint: "choose a folder that can be written"}
	}
	return nil
}

// maxSaved bounds a saved plan. chosen: one of 10,000 pools has a tenth of it.
const maxSaved = 256 << 20

// loadPlan reads a plan that savePlan wrote.
func loadPlan(file string) (reviewed.Plan, error) {
	var saved reviewed.Plan
	b, err := readAtMost(file, maxSaved)
	if err != nil {
		return saved, &operr.Error{Kind: operr.KindUsage, Subject: file, Err: cause(err),
			Hint: "pgbudget plan --out FILE saves a plan"}
	}
	if saved, err = reviewed.Read(b); err != nil || saved.Plan.Version == 0 {
		return saved, &operr.Error{Kind: operr.KindUsage, Subject: file, Err: errors.New("not a saved plan"),
			Hint: "pgbudget plan --out FILE saves a plan; the output of -o json lacks the inputs"}
	}
	quote.All(&saved) // it may be of somebody else
	if saved.Plan.Version != sizing.PlanVersion {
		return saved, &operr.Error{Kind: operr.KindUsage, Subject: file,
			Err:  fmt.Errorf("plan version %d, this pgbudget reads %d", saved.Plan.Version, sizing.PlanVersion),
			Hint: "save the plan again"}
	}
	if err := saved.Check(); err != nil {
		return saved, &operr.Error{Kind: operr.KindUsage, Subject: file, Err: err,
			Hint: "the file was changed since it was written; pgbudget plan --out " + file + " writes it anew"}
	}
	return saved, nil
}

// review prints what became of a saved plan.
func (o output) review(file string, saved reviewed.Plan, r sizing.Review) {
	fmt.Fprintf(o.w, "\ncompared with %s of %s:\n", file, stamp(saved.Plan.At))
	for _, m := range r.Moved {
		fmt.Fprintln(o.w, "  moved: "+m)
	}
	for _, b := range r.Broken {
		fmt.Fprintln(o.w, o.warn("  broken: "+b))
	}
	fmt.Fprintln(o.w, "  "+r.Verdict)
}
