package sim

// capCount is what pools of one server have open together, held against what they may.
type capCount struct {
	srv   *server
	limit int
	conns int
	over  bool
}

// add counts a connection that opens, or that ends.
func (c *capCount) add(conns int) {
	c.conns += conns
	if over := c.conns > c.limit; over != c.over {
		if c.over = over; over {
			c.srv.tally.capViolations++
		}
	}
}

// addCap puts a cap over its pools, in all of their processes.
func (w *World) addCap(spec CapSpec) {
	c := &capCount{limit: spec.Conns}
	for _, id := range spec.Pools {
		for _, a := range w.aliases {
			if a.spec.ID == id {
				c.srv, a.caps = a.srv, append(a.caps, c)
			}
		}
	}
	if c.srv != nil {
		w.caps = append(w.caps, c)
	}
}
