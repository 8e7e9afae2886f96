package queue

// ErlangB returns the probability that all n servers are busy when clients that find them so go away (M/G/n/n): the
// blocking probability, n >= 0, a >= 0 erlangs. ErlangB(0, a) is 1, ErlangB(n, 0) is 0 for n >= 1.
//
// Nothing is lost in a pool, clients wait; B is the stable base of everything else. O(sqrt(a)) steps for any n.
//
// Source: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
// telephone exchanges", 1917; computed as its reciprocal (Jagerman 1974); checked against fixtures/queue/erlangb.csv.
func ErlangB(n int, a float64) float64 { return 1 / at(n, a).z }

// ErlangC returns the probability that an arrival has to wait in M/M/n, n >= 0, a >= 0 erlangs. It is 0 when a is 0
// (nobody comes) and 1 when a >= n: the servers cannot keep up, the queue grows without end, and everybody waits.
//
// Source: Erlang 1917, as C = nB/(n - a(1-B)); checked against fixtures/queue/erlangc.csv.
func ErlangC(n int, a float64) float64 { return at(n, a).delay() }

// WaitingClients returns Lq, the mean number of clients that wait for a server in M/M/n at any moment, n >= 0, a >= 0
// erlangs. It is 0 when a is 0 and +Inf when a >= n > 0 or a > n = 0.
//
// Lq falls and is convex in n, which is why greedy allocation of connections works: M. E. Dyer and L. G. Proll, "On the
// validity of marginal analysis for allocating servers in M/M/c queues", Management Science 23(9), 1977.
//
// Source: Lq = C·a/(n-a), Erlang 1917; checked against fixtures/queue/waits.csv.
func WaitingClients(n int, a float64) float64 { return at(n, a).waiting() }
