// Package queue answers one question in many forms: if so much work arrives at a pool of so many connections, how long
// do clients wait for one?
//
// The work is the offered load a, in erlangs: transactions that arrive per second times the mean time that one of them
// holds a connection. Ten transactions a second that hold for half a second each are 5 erlangs: they keep 5 connections
// busy on average. A pool of n connections can carry any load below n; how long the clients wait is what the
// formulas here say. ErlangC is the chance that a client waits at all, WaitingClients how many wait at a time, Model
// how long they wait, MinServers how many connections keep a promise, and Walker what each further connection is worth.
//
// The model is M/M/n: clients arrive independently of each other (Poisson), holds are exponential, the queue is first
// in first out and nobody leaves it. Where arrivals or holds are known to vary more or less than that, the
// Allen-Cunneen factor stretches the waiting (AllenCunneen). Bursts that last for minutes are outside of this model.
//
// Everything here is pure arithmetic on float64. There is one number behind all of it, the reciprocal z = 1/B of the
// Erlang B formula, because z grows by sums and products of positive terms only: no step can cancel digits away. Every
// formula below is rearranged so that n-a, the one difference that carries information, is taken once and exactly.
// Against 200-bit arithmetic the relative error stays under 1e-12 up to n = 100,000 wherever the value is at least
// 1e-300; smaller values go to 0. Loads picked at random stay under 1e-14. The largest error found, 9e-13, is at loads
// just below a power of two with ten thousand servers to spare, where every division rounds the same way.
//
// Arguments outside their domain (a negative or NaN load, a negative size) are defects of the caller and panic: a
// number that is not a number must never become a pool size.
package queue
