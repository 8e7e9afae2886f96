package config_test

import (
	"fmt"
	"os"

	"github.com/pgbudget/pgbudget/bouncer/config"
)

// What does a config with two mistakes say?
func ExampleParse() {
	const page = `
servers: [{name: pg1, dsn: "host=10.0.0.1 user=monitor", headroom: {connections: 5%}}]
groups: [{name: main, processes: [{console: "host=10.0.0.2 port=6432 user=pgbudget"}]}]
pools: [{pool: main/app, utilization: 150%, min: 9, max: 4}]
`
	_, err := config.Parse("pgbudget.yaml", []byte(page), os.LookupEnv)
	fmt.Println(err)
	// Output:
	// pgbudget.yaml:4:50: pools[0].min is 9, above max 4
	// pgbudget.yaml:4:39: pools[0].utilization is 150%, want 1 to 99%, or 0.01 to 0.99
}
