package words

import (
	"fmt"
	"strings"
)

// LinesText names processes, or says how many they are.
func LinesText(processes []string) string {
	if len(processes) > MostNamed {
		return fmt.Sprintf("%d processes", len(processes))
	}
	return strings.Join(processes, ", ")
}

// MostNamed is how many pools of a sum, or processes of a pool, are named. chosen: a line of them can still be read.
const MostNamed = 4
