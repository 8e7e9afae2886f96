// Package alerts finds the alerting rules of a site's Prometheus whose constants a planned size makes false or blind:
// `sum(pgbouncer_pools_server_active_connections) > 140` was written for pools of 150 connections, and never fires once
// they have 120, or fires on a usual day once they have 200.
//
//	findings, unread := alerts.Find(ctx, rules, source, fleet, now)
//
// # How it decides
//
// Prometheus's own engine evaluates each side of a comparison that has a constant on the other side, over the series
// that the rule reads today, with their labels. The values of series that sizes decide are put in: once with every pool
// empty, once with its connections idle, once with all of them busy; each with today's sizes and with the planned ones.
// What the side can come to is taken to be the least and the greatest of the three. All other series keep the value
// that they have. A recording rule is evaluated before the rules that read what it records.
//
// # What it cannot see
//
// A series is a pool's by the label matchers of its group (groups[].metrics) and the name of its alias: a group without
// matchers is left out, and so is the pool of a *. A rule in the configuration of another Prometheus, or of a ruler
// that is not asked, is not seen. What a series came to in the past is not asked: a constant against a rate, a
// prediction or a quantile over time is judged as if the series had always been as it is put in.
package alerts
