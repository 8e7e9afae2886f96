package operr_test

import (
	"errors"
	"fmt"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// What does an operator read, and which family of exit codes follows?
func ExampleError() {
	cause := &operr.Error{Kind: operr.KindUnreachable, Subject: "console of main/1",
		Err: errors.New("connection refused"), Hint: "check host and port, and that PgBouncer runs"}
	err := fmt.Errorf("plan: %w", cause)
	fmt.Println("error:", err)
	fmt.Println("hint: ", cause.Hint)
	fmt.Println(operr.KindOf(err) == operr.KindUnreachable, operr.KindOf(errors.New("a defect")) == operr.KindUnforeseen)
	// Output:
	// error: plan: console of main/1: connection refused
	// hint:  check host and port, and that PgBouncer runs
	// true true
}
