package config

import "slices"

// Unused says which keys the rest of the config makes no use of: what somebody wrote for a reason is not passed over in
// silence.
func (c *Config) Unused() []string {
	server := func(s Server) bool { return s.CPU != "" || s.Metrics != "" || s.Direct.Query != "" }
	switch {
	case c.Prometheus == nil,
		slices.ContainsFunc(c.Servers, server),
		slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Metrics != "" }),
		slices.ContainsFunc(c.Saturation, func(s Signal) bool { return s.Query != "" }),
		c.Shift != nil && c.Shift.Get.Query != "",
		slices.ContainsFunc(c.Shifts, func(s Shift) bool { return s.Get.Query != "" }):
		return nil
	}
	return []string{"prometheus: is not asked for anything: no group has metrics:, no server cpu:, metrics: or direct: {query}, " +
		"and no signal a query:"}
}
