package words

import (
	"fmt"
	"strings"
)

// LinesText names processes, or says how many they are.
func LinesText(processes []string) string {
	if len(processes) > MostNamed {
		return Count(len(processes), "process")
	}
	return strings.Join(processes, ", ")
}

// MostNamed is how many pools of a sum, or processes of a pool, are named. chosen: a line of them can still be read.
const MostNamed = 4

// Count is a number with what it counts: "1 connection", "2 connections", "2 processes".
func Count[N int | int64](n N, one string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(one, "s"):
		one += "es"
	default:
		one += "s"
	}
	return fmt.Sprintf("%d %s", n, one)
}
