// Package scenario reads what `pgbudget simulate` is given: a pgbudget.yaml and, beside it, who asks for what, what is
// changed on purpose, what goes wrong, and what is expected. Bytes in, a sim.Spec out, and every fault at once with
// file:line:column.
//
//	file.go     File: a scenario as it is written; starter.yaml explains every key
//	scalar.go   law.go  the values that pgbudget.yaml does not have
//	parse.go    Parse: bytes to Scenario
//	set.go      --set PATH=VALUE, applied to the YAML before it is decoded
//	fleet.go    what follows from servers, groups and pools together: users, pools of the line, budgets
//	check*.go   what cannot be
//	spec.go     Scenario to sim.Spec
//	names.go    expect.go  named results, and what is expected of them
//	size.go     how much work a scenario is, and the refusal of too much
package scenario
