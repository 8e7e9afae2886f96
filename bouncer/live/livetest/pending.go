package livetest

import (
	"regexp"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Accepts are the names that a hint tells to accept, in order.
func Accepts(err error) []string {
	var names []string
	for _, m := range regexp.MustCompile(`--accept-pending '?([^\s']+)'?`).FindAllStringSubmatch(operr.HintOf(err), -1) {
		names = append(names, m[1])
	}
	return names
}
