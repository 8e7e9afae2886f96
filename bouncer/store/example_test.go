package store_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// What happens to a pgbouncer.ini that somebody else has changed since it was read?
func ExampleFile_Write() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "pgbouncer.ini")
	read, edited := []byte("app = pool_size=20\n"), []byte("app = pool_size=16\n")
	if err := os.WriteFile(path, read, 0o640); err != nil {
		log.Fatal(err)
	}
	fmt.Println(store.File{}.Write(context.Background(), path, read, edited))
	err = store.File{}.Write(context.Background(), path, read, []byte("app = pool_size=12\n"))
	fmt.Println(operr.KindOf(err) == operr.KindDrift)
	now, _ := os.ReadFile(path)
	fmt.Print(string(now))
	// Output:
	// <nil>
	// true
	// app = pool_size=16
}
