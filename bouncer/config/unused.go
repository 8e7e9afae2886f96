package config

import "slices"

// Unused says which keys the rest of the config makes no use of: what somebody wrote for a reason is not passed over in
// silence.
func (c *Config) Unused() []string {
	const past = "no group has metrics:, no server cpu:, metrics: or direct: {query}"
	switch {
	case c.Prometheus == nil, c.asksThePast():
		return nil
	case !c.asksNow():
		return []string{"prometheus: is not asked for anything: " + past +
			", no signal a query:, and no shift one as its get:"}
	case c.Prometheus.Lookback.Set:
		return []string{"prometheus.lookback: is the time of no query: " + past}
	}
	return nil
}

// asksThePast reports whether Prometheus is asked for a history.
func (c *Config) asksThePast() bool {
	server := func(s Server) bool { return s.CPU != "" || s.Metrics != "" || s.Direct.Query != "" }
	return slices.ContainsFunc(c.Servers, server) ||
		slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Metrics != "" })
}

// asksNow reports whether Prometheus is asked for what is now, and for no history.
func (c *Config) asksNow() bool {
	return slices.ContainsFunc(c.Saturation, func(s Signal) bool { return s.Query != "" }) ||
		slices.ContainsFunc(c.AllShifts(), func(s Shift) bool { return s.Get.Query != "" })
}
