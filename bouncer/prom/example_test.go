package prom_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Is a series that does not exist 0?
func ExampleClient_Instant() {
	empty := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	})
	server := httptest.NewServer(empty) // stands for a Prometheus
	defer server.Close()
	client, err := prom.New(server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = client.Instant(context.Background(), "signal cpu of pg1", `instance:node_cpu:ratio{instance="pg1"}`)
	fmt.Println(err)
	fmt.Println(operr.KindOf(err) == operr.KindEvidence)
	// Output:
	// signal cpu of pg1: the query found no series: absent is not 0
	// true
}
