// Package load finds what each pool is asked to carry. Evidence folds Observations, one after the other, and history;
// Estimate turns them into a Load per pool: Erlangs (arrivals per second × mean seconds that a transaction holds a
// server connection), with the interval that holds the true value and what makes it wide. FitCPU finds what a
// transaction costs of a server's processor.
package load
