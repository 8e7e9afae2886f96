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

// Of several consoles that fail at once, each cause has a hint, and the same hint is told once.
func ExampleHintOf() {
	fail := func(console, hint string) error {
		return &operr.Error{Kind: operr.KindUnreachable, Subject: console, Err: errors.New("login refused"), Hint: hint}
	}
	var errs []error
	for i, hint := range []string{"check the password of a", "check the password of b", "check the password of a", "",
		"read its log", "check host and port", "start the process"} {
		errs = append(errs, fail(fmt.Sprintf("main/%d", i+1), hint))
	}
	fmt.Println(operr.HintOf(fmt.Errorf("plan: %w", errors.Join(errs[:3]...))))
	fmt.Println(operr.HintOf(errors.Join(errs...)))
	// Output:
	// check the password of a; check the password of b
	// check the password of a; check the password of b; read its log; and 2 more
}
