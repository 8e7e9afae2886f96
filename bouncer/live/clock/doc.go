// Package clock is the wall clock; no other package of the product reads it.
package clock
