// Package signals reads how saturated a live fleet is: off its newest sample, and off the answers of Prometheus that
// are asked for beside a run. No sample, and no decision, waits for an answer.
//
//	asked := signals.NewPoll(ctx, client, signals.Queries(watched, servers, nil), every)   until asked.Close()
//	newest := &signals.Newest{Fleet: fleet}                                                is observed instead of fleet
//	source := signals.Source{Watched: watched, Servers: servers, Poll: asked, Newest: newest}
package signals
