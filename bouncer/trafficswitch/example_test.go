package trafficswitch_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/trafficswitch"
)

// Which commands does a shift to 15 % run?
func ExampleSwitch() {
	says := "10%\n" // the feature flag
	s := trafficswitch.Switch{
		Shift: config.Shift{From: "main/app", To: "ci/app", Set: []string{"featurectl", "set", "ci", "{{.Percent}}"},
			Get: config.Ask{Argv: []string{"featurectl", "get", "ci"}}},
		Run: func(_ context.Context, argv []string) ([]byte, error) {
			fmt.Println("$", strings.Join(argv, " "))
			if argv[1] == "set" {
				says = argv[3]
			}
			return []byte(says), nil
		},
	}
	before, _, _ := s.Get(context.Background())
	err := s.Set(context.Background(), 15)
	after, _, _ := s.Get(context.Background())
	fmt.Println(s.Subject(), before, "→", after, err)
	// Output:
	// $ featurectl get ci
	// $ featurectl set ci 15
	// $ featurectl get ci
	// shift main/app:ci/app 10 → 15 <nil>
}
