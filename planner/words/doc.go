// Package words writes numbers, counts and lists of names as every text of pgbudget prints them.
package words
