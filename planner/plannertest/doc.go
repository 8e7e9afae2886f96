// Package plannertest makes fleets, loads and goals for the tests of the packages of planner, by hand and at random.
package plannertest
