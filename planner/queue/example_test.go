package queue_test

import (
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner/queue"
)

// 400 transactions a second hold a connection for 20 ms each: 8 erlangs.
func ExampleErlangC_howManyClientsHaveToWait() {
	for _, conns := range []int{8, 9, 10, 12, 15} {
		fmt.Printf("%2d connections: %3.0f %% of the clients wait\n", conns, 100*queue.ErlangC(conns, 8))
	}
	// Output:
	//  8 connections: 100 % of the clients wait
	//  9 connections:  65 % of the clients wait
	// 10 connections:  41 % of the clients wait
	// 12 connections:  14 % of the clients wait
	// 15 connections:   2 % of the clients wait
}

func ExampleErlangB_howManyWouldBeTurnedAway() {
	fmt.Printf("%.1f %% of the calls find all 15 lines busy at 8.108 erlangs\n", 100*queue.ErlangB(15, 8.108))
	// Output: 1.0 % of the calls find all 15 lines busy at 8.108 erlangs
}

func ExampleWaitingClients_howLongIsTheQueue() {
	fmt.Printf("%.2f clients wait at a time\n", queue.WaitingClients(10, 8))
	fmt.Printf("%.2f when the pool is full\n", queue.WaitingClients(8, 8))
	// Output:
	// 1.64 clients wait at a time
	// +Inf when the pool is full
}

func ExampleWalker_whatIsOneMoreConnectionWorth() {
	w := queue.NewWalker(8, 9)
	for range 4 {
		fmt.Printf("%2d connections: %.2f clients wait, one more connection saves %.2f\n", w.N(), w.Waiting(), w.Gain())
		w.Next()
	}
	// Output:
	//  9 connections: 5.23 clients wait, one more connection saves 3.59
	// 10 connections: 1.64 clients wait, one more connection saves 0.98
	// 11 connections: 0.65 clients wait, one more connection saves 0.37
	// 12 connections: 0.28 clients wait, one more connection saves 0.16
}

func ExampleMinServers_howManyConnectionsDoINeed() {
	promise := queue.Target{Utilization: 0.9, Mean: 10 * time.Millisecond, P99: 100 * time.Millisecond}
	for _, load := range []float64{0.5, 8, 100, 1000} {
		conns, by := queue.MinServers(load, 20*time.Millisecond, 1, promise)
		fmt.Printf("%6.1f erlangs need %4d connections because of %s\n", load, conns, by)
	}
	// Output:
	//    0.5 erlangs need    2 connections because of mean wait
	//    8.0 erlangs need   10 connections because of mean wait
	//  100.0 erlangs need  112 connections because of utilization
	// 1000.0 erlangs need 1112 connections because of utilization
}

func ExampleModel_Quantile_howLongDoTheSlowestWait() {
	m := queue.Model{Hold: 20 * time.Millisecond}
	fmt.Printf("mean %.1f ms, p99 %.1f ms\n", 1e3*m.MeanWait(10, 8), 1e3*m.Quantile(10, 8, 0.99))
	// Output: mean 4.1 ms, p99 37.1 ms
}

func ExampleModel_Tail_howManyWaitLongerThanThat() {
	m := queue.Model{Hold: 3 * time.Minute}
	fmt.Printf("%.1f %% wait longer than 20 s\n", 100*m.Tail(14, 10, 20*time.Second))
	// Output: 11.2 % wait longer than 20 s
}

func ExampleModel_MeanWait_doesAFewMoreConnectionsHelp() {
	m := queue.Model{Hold: 20 * time.Millisecond}
	for _, conns := range []int{101, 105, 110, 120} {
		fmt.Printf("%d connections: %.3f ms\n", conns, 1e3*m.MeanWait(conns, 100))
	}
	// Output:
	// 101 connections: 17.666 ms
	// 105 connections: 2.063 ms
	// 110 connections: 0.474 ms
	// 120 connections: 0.033 ms
}

// Holds of two kinds, many short and a few long, with a variance of four times the squared mean.
func ExampleAllenCunneen_whatIfSomeTransactionsAreLong() {
	even := queue.Model{Hold: 20 * time.Millisecond}
	mixed := queue.Model{Hold: 20 * time.Millisecond, SCVFactor: queue.AllenCunneen(1, 4)}
	fmt.Printf("%.1f ms, mixed %.1f ms\n", 1e3*even.MeanWait(10, 8.5), 1e3*mixed.MeanWait(10, 8.5))
	// Output: 7.1 ms, mixed 17.7 ms
}

func ExampleSensitivity_howSoonIsThePlanOutOfDate() {
	fmt.Printf("at 8 erlangs 10 connections leave %.2f clients waiting, and %.2f more for each erlang of growth\n",
		queue.WaitingClients(10, 8), queue.Sensitivity(10, 8))
	// Output: at 8 erlangs 10 connections leave 1.64 clients waiting, and 1.92 more for each erlang of growth
}
