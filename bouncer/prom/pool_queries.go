package prom

func (v poolView) counter(function, counter string) string {
	return v.over(function, v.dialect.names(counter), v.spec.of("database"), v.spec.Selector)
}

func (v poolView) gauge(function, gauge string) string {
	return v.over(function, []string{gauge}, v.spec.of("database"), v.spec.Selector)
}

// exported are the labels that the exporter itself puts on the gauges of SHOW POOLS and SHOW DATABASES. A target that
// has a label host or port of its own keeps it, and pushes the exporter's aside (honor_labels: false).
const exported = "database, user, name, host, port, force_user, pool_mode, exported_host, exported_port, " +
	"exported_pool_mode"

// ofDatabase is a gauge of SHOW DATABASES, where the alias is the label "name", with only its target's labels left.
func (v poolView) ofDatabase(gauge string) string {
	return "max without (" + exported + ") (" +
		v.over("min_over_time", []string{gauge}, v.spec.of("name"), v.spec.Selector) + ")"
}

// loadQuery asks for each process's load in Erlangs.
func (v poolView) loadQuery() string {
	if v.session {
		return v.perProcess(v.activeQuery("avg_over_time"),
			"max without (database, user) ("+v.gauge("count_over_time", gaugeActive)+")")
	}
	return v.whole(v.counter("rate", counterXact) + " - " + v.counter("rate", counterWait))
}

// rateQuery asks for each process's rate of a counter, per second.
func (v poolView) rateQuery(counter string) string { return v.whole(v.counter("rate", counter)) }

// whole makes rates into one number per process, without windows in which its counters started again: rate() would go
// on from 0 and so lose what came between the last scrape and the restart. Of the databases of a *, one that did so
// takes the whole process's number with it: the others are not the sum. One that came or went within the window is in
// it with what was seen of it.
func (v poolView) whole(rates string) string {
	return v.perProcess(
		"sum without (database) ("+rates+") unless sum without (database) ("+v.counter("resets", counterXact)+" > 0)",
		"max without (database) ("+v.counter("count_over_time", counterXact)+")")
}

// fullQuery asks how many (process, user) copies were full at every scrape of the window: clients waited, while as many
// servers were active as pool_size allows, or the alias had reached max_db_connections, or no more could be had (see
// boundedQuery). A queue that was empty at one scrape of a minute has let go whom it held before: what was offered was
// carried, and the minute shows it. Since single scrapes of a healthy pool at 80 % use find waiters all the time,
// closing those minutes out would leave out the load's peaks. A size of 0 is unlimited (PgBouncer 1.24 on).
func (v poolView) fullQuery() string {
	active := v.gauge("min_over_time", gaugeActive)
	full := active + " >= ignoring (" + exported + ") group_left () (" + v.ofDatabase(gaugeSize) + " > 0)"
	if v.capped {
		full += " or (" + active + " and ignoring (" + exported + ") (" +
			v.ofDatabase(gaugeConns) + " >= (" + v.ofDatabase(gaugeMaxConns) + " > 0)))"
	}
	return "count(" + v.gauge("min_over_time", gaugeWaiting) + " > 0 and (" + full + " or (" + v.boundedQuery() + ")))"
}

// boundedQuery asks for the copies that used every connection they had and could have no more: none was free at any
// scrape of the window, and at some scrape none was on its way. That is how limits show that no exporter does: a user's
// own pool_size or max_user_connections, a role's or a database's CONNECTION LIMIT, whichever were in force then. A
// login in flight at every scrape is one that takes long, and no limit.
func (v poolView) boundedQuery() string {
	least := " > 0"
	if v.spec.Shares {
		least = " >= 0"
	}
	return v.gauge("min_over_time", gaugeActive) + least + " unless (" + v.gauge("max_over_time", gaugeIdle) + " > 0 or " +
		v.gauge("max_over_time", gaugeUsed) + " > 0 or " + v.gauge("min_over_time", gaugeLogin) + " > 0)"
}

// openQuery asks for the most connections that each process may have had open at once: the states' own highest, added
// up.
func (v poolView) openQuery() string {
	var states string
	for i, gauge := range []string{gaugeActive, gaugeIdle, gaugeUsed, gaugeLogin} {
		if i > 0 {
			states += " + "
		}
		states += v.gauge("max_over_time", gauge)
	}
	return "sum without (database, user) (" + states + ")"
}

// activeQuery asks for each process's active servers, their average or least.
func (v poolView) activeQuery(function string) string {
	return "sum without (database, user) (" + v.gauge(function, gaugeActive) + ")"
}
