package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/google/renameio/v2"

	"github.com/pgbudget/pgbudget/planner"
)

// savePlan writes a plan with its inputs, whole or not at all.
func savePlan(file string, fleet planner.Fleet, plan planner.Plan) error {
	b, err := json.MarshalIndent(planner.Saved{Fleet: fleet, Plan: plan}, "", "  ")
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(file, append(b, '\n'), 0o600); err != nil {
		return &planner.Error{Kind: planner.KindUsage, Subject: file, Err: fmt.Errorf("cannot save the plan: %w", cause(err)), Hint: "choose a folder that can be written"}
	}
	return nil
}

// comparePlan reads a saved plan and prints what moved since.
func comparePlan(out output, file string, fleet planner.Fleet, plan planner.Plan) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return &planner.Error{Kind: planner.KindUsage, Subject: file, Err: cause(err), Hint: "pgbudget plan --out FILE saves a plan"}
	}
	var saved planner.Saved
	if err := json.Unmarshal(b, &saved); err != nil {
		return &planner.Error{Kind: planner.KindUsage, Subject: file, Err: fmt.Errorf("not a saved plan: %w", err), Hint: "pgbudget plan --out FILE saves one"}
	}
	if saved.Plan.Version != planner.PlanVersion {
		return &planner.Error{Kind: planner.KindUsage, Subject: file, Err: fmt.Errorf("plan version %d, this pgbudget reads %d", saved.Plan.Version, planner.PlanVersion), Hint: "save it again"}
	}
	review := planner.Compare(saved, fleet, plan)
	if out.format != "table" {
		return out.data(review)
	}
	fmt.Fprintf(out.w, "\ncompared with %s of %s:\n", file, saved.Plan.At.Format("2006-01-02 15:04:05 MST"))
	for _, m := range review.Moved {
		fmt.Fprintln(out.w, "  moved: "+m)
	}
	for _, b := range review.Broken {
		fmt.Fprintln(out.w, out.warn("  broken: "+b))
	}
	fmt.Fprintln(out.w, "  "+review.Verdict)
	if len(review.Broken) > 0 {
		return &planner.Error{Kind: planner.KindInfeasible, Subject: file, Err: errors.New("the saved plan no longer keeps every promise"), Hint: "use the new plan above"}
	}
	return nil
}
