package fleet

// Owner says whose a client backend is.
type Owner string

// The owners of a backend.
const (
	OwnerPool    Owner = "pool"    // a PgBouncer lists it among its servers
	OwnerDirect  Owner = "direct"  // no PgBouncer lists it on two samples: a client connected straight to PostgreSQL
	OwnerClosing Owner = "closing" // a PgBouncer listed it at the sample before and no longer does, and it still runs
	OwnerOrphan  Owner = "orphan"  // from a PgBouncer's host, listed by none on two samples, still at work
	OwnerUnclear Owner = "unclear" // unlisted on one sample only: churn, sample again
)

// BackendSample is what the samples say of one client backend.
type BackendSample struct {
	Listed       bool // a console read before or after the server was asked lists it
	ListedBefore bool // it was listed at the sample before this one
	UnlistedTwo  bool // no console listed it at the sample before either, and it existed then
	BouncerHost  bool // its client address is one that PgBouncer connections come from
	PoolIdentity bool // its role and database are those of a PgBouncer pool
	Working      bool // it runs a query at both samples
}

// Classify tells whose a backend is.
//
// A client that vanishes makes PgBouncer close the server connection in mid-query (PgBouncer client.c, "client
// disconnect while server was not ready"); the backend notices only when its query ends. So an orphan is always at
// work. An idle backend would have noticed at once, so whoever holds it is alive: idle and unlisted means direct, even
// on a PgBouncer's own host. A direct client on a PgBouncer's host, with a pool's role and database, that runs the
// same query at both samples cannot be told from an orphan and counts as one: orphans block grants, so this errs to the
// safe side.
func Classify(s BackendSample) Owner {
	switch {
	case s.Listed:
		return OwnerPool
	case s.ListedBefore:
		return OwnerClosing
	case !s.UnlistedTwo:
		return OwnerUnclear
	case s.BouncerHost && s.PoolIdentity && s.Working:
		return OwnerOrphan
	default:
		return OwnerDirect
	}
}
