// Package omnibus reads databases.json of GitLab's Omnibus packages, of which `gitlab-ctl pgb-notify` renders
// databases.ini anew: at each failover, by a Consul watch on the leader. The rendered file carries no header, so that
// nothing in it tells where it comes from.
//
//	path, is := omnibus.Source("/var/opt/gitlab/consul/databases.ini")   databases.json in the same folder
//	lines, err := omnibus.Parse(text)                                    the sizes that the next failover brings
//
// Sources: omnibus-gitlab, files/gitlab-ctl-commands-ee/lib/pgbouncer.rb (update_databases, render) and
// files/gitlab-cookbooks/pgbouncer/recipes/enable.rb (databases.json is written from gitlab.rb by reconfigure, and
// rendered at once only where no Consul watch does it).
package omnibus
