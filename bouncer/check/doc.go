// Package check is what pgbudget check finds: the rules, what each means, and findings made of the errors by which a
// step is refused. It asks nobody: who asks is the command, by the checks that every step makes.
package check
