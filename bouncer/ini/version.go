package ini

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Versions whose grammar is known here, as minor numbers of PgBouncer 1. A later one is read as the newest.
const (
	oldest = 8  // chosen: 1.8 because SHOW STATS of 1.7 has no total_xact_time, without which no load is measured
	newest = 25 // chosen: 1.25 because its source was read, and a 1.25.2 captured (fixtures/show/1.25.2)
)

// afterNewest is a key that SHOW CONFIG lists from the version after newest on, and that no fork is known to have:
// builds of master call themselves 1.25.2.
const afterNewest = "login_notify_message"

var versionForm = regexp.MustCompile(`^(\d{1,4})\.(\d{1,4})(\D|$)`)

// minor returns the minor number of "1.24" or "1.24.1". The error is of KindUsage.
func minor(version string) (int, error) {
	refuse := func() (int, error) {
		return 0, &operr.Error{Kind: operr.KindUsage, Subject: "PgBouncer version",
			Hint: "give it as SHOW VERSION has it, such as 1.24.1",
			Err:  fmt.Errorf("%q is not a version from 1.%d on", version, oldest)}
	}
	m := versionForm.FindStringSubmatch(version)
	if m == nil || m[1] != "1" {
		return refuse()
	}
	n, err := strconv.Atoi(m[2])
	if err != nil || n < oldest {
		return refuse()
	}
	return n, nil
}
