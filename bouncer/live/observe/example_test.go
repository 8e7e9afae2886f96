package observe_test

import (
	"context"
	"fmt"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Whose are the connections that a server holds?
func ExampleFleet_Observe() {
	ctx := context.Background()
	l, err := lab.Start(ctx, labtest.TwoGenerations(1, 5))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Stop()
	old := l.Process("old", 0)
	if _, err := lab.Query(ctx, old.DSN("app1", "app"), "SELECT 1"); err != nil {
		fmt.Println(err)
		return
	}

	fleet, err := observe.Open(ctx, admin.Targets{
		Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: l.Server("main").DSN(lab.Monitor, "")}}},
		Groups:  []admin.GroupTarget{{Name: "old", Consoles: admin.At(old.ConsoleDSN(lab.ConsoleStats))}},
	})
	if err != nil {
		fmt.Println(err, operr.HintOf(err))
		return
	}
	defer fleet.Close()
	o, err := fleet.Observe(ctx)
	if err != nil {
		fmt.Println(err, operr.HintOf(err))
		return
	}
	main, app := o.Servers[0], o.Processes[0].Aliases[0]
	fmt.Printf("%s: %d of a pool, %d direct (%d of them ours), of %d\n", main.Name, main.Backends.PoolConns,
		main.Backends.DirectConns, main.Backends.OwnConns, main.MaxConns)
	fmt.Printf("%s/%s: pool_size %d, on %s, known by its %s\n", o.Processes[0].ID, app.Name, app.SizeConns, app.Server,
		app.Proof)
	// Output:
	// main: 1 of a pool, 1 direct (1 of them ours), of 60
	// old/1/app: pool_size 5, on main, known by its backends
}
