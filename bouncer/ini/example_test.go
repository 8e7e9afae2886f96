package ini_test

import (
	"fmt"
	"log"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// What would change in the file if a pool became smaller?
func ExampleConfig_Edit() {
	read := func(string) ([]byte, error) {
		return []byte("[databases]\napp = host=10.0.0.1 port=5432 password=secret pool_size=32\n[pgbouncer]\npool_mode = " +
			"transaction\n"), nil
	}
	config, err := ini.Load(read, "/etc/pgbouncer/pgbouncer.ini", "1.24.1")
	if err != nil {
		log.Fatal(err)
	}
	edited, err := config.Edit([]ini.Change{{Alias: "app", Key: fleet.KeySize, From: 32, To: 5}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(ini.Diff(edited[0]))
	// Output:
	// --- /etc/pgbouncer/pgbouncer.ini
	// +++ /etc/pgbouncer/pgbouncer.ini
	// @@ -2 +2 @@
	// -app = host=10.0.0.1 port=5432 password=*** pool_size=32
	// +app = host=10.0.0.1 port=5432 password=*** pool_size=5
}
