// Package plannertest makes fleets, loads and goals for the tests of the rooms of planner, by hand and at random.
package plannertest
