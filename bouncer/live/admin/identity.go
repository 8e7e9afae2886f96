package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// identity tells one process from another.
type identity struct {
	fleet.Identity
	// localAddr is where the process took our connection, "" when that cannot be told. It tells apart two hosts that
	// carry the same files.
	localAddr string
}

// identityOf reads SHOW CONFIG; peer_id is there from 1.19 on.
func identityOf(config map[string]string) fleet.Identity {
	port, _ := strconv.Atoi(config["listen_port"]) // 0: it listens on its socket only
	peer, _ := strconv.Atoi(config["peer_id"])
	return fleet.Identity{
		ConfFile: config["conffile"], PIDFile: config["pidfile"], SocketDir: config["unix_socket_dir"],
		ListenPort: port, PeerID: peer,
	}
}

// same reports whether two answers can have come from one process. Settings may change in between, so their hash does
// not count; a local address counts where both are known.
func (a identity) same(b identity) bool {
	return a.Alike(b) && (a.localAddr == b.localAddr || a.localAddr == "" || b.localAddr == "")
}

// Alike reports whether two answers say the same of the process's files and addresses: one process does on whichever
// way it is reached, and so do two hosts that carry the same files.
func (a identity) Alike(b identity) bool {
	x, y := a.Identity, b.Identity
	x.ConfigHash, y.ConfigHash = "", ""
	return x == y
}

// String names what tells the process from others.
func (a identity) String() string {
	text := fmt.Sprintf("conffile %s, pidfile %s, unix_socket_dir %s, port %d, peer_id %d", a.ConfFile, a.PIDFile,
		a.SocketDir, a.ListenPort, a.PeerID)
	if a.localAddr != "" {
		text += ", at " + a.localAddr
	}
	return text
}

// check refuses a console that answers as another process than at first.
func (a identity) check(subject string, now identity) error {
	if a.same(now) {
		return nil
	}
	return Fail(operr.KindDrift, subject,
		"a balancer or so_reuseport stands between: address each process by itself, through its own unix_socket_dir or port",
		"another process answers: first %s; now %s", a, now)
}

// localAddrOf finds our own row in SHOW CLIENTS and returns PgBouncer's end of it. The row is the one with our end of
// the socket; behind a translation of addresses or a command, the console's clients that carry our application_name
// must agree. A Unix socket has no such address, and no balancer in front of it.
func localAddrOf(clients []record, ours net.Addr, appName string) string {
	end, _ := netip.ParseAddrPort(ours.String()) // of a command there is none
	var named []string
	for _, r := range clients {
		if r.text("database") != consoleDatabase {
			continue
		}
		if at := EndOf(r.text("addr"), r.count("port")); end.IsValid() &&
			at == netip.AddrPortFrom(end.Addr().Unmap().WithZone(""), end.Port()) {
			return r.text("local_addr")
		}
		if addr := r.text("local_addr"); addr != "unix" && r.text("application_name") == appName &&
			!slices.Contains(named, addr) {
			named = append(named, addr)
		}
	}
	if len(named) == 1 {
		return named[0]
	}
	return ""
}

// EndOf reads an address and a port, 0 to 65535, as PgBouncer and PostgreSQL print them. What is none is not valid:
// see netip.AddrPort.IsValid. IPv4 mapped into IPv6 becomes IPv4, and zones go.
func EndOf(addr string, port int) netip.AddrPort {
	a, err := netip.ParseAddr(addr)
	if err != nil || port < 0 || port > 1<<16-1 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Unmap().WithZone(""), uint16(port))
}

// callers are the console's clients, each by its address in the process's memory and when it came. Two processes do
// not share one; two sessions of one process, both open, see each other.
func callers(clients []record) []string {
	var all []string
	for _, r := range clients {
		if r.text("database") == consoleDatabase {
			all = append(all, r.text("ptr")+" "+r.text("connect_time"))
		}
	}
	return all
}

// Twins reports whether two consoles are the same process: they say the same of themselves, and each sees the
// other's caller. Equal files alone prove nothing, as every host of a group may carry the same ones.
func Twins(a, b *Console) bool {
	return a.First.Alike(b.First) && meets(a.callers, b.callers)
}

// settingsApart are the settings that the hash leaves out: how clients log in (auth_…, which may hold a password for
// LDAP), and where and how much is logged, which changes nothing of what a process does.
func settingsApart(key string) bool {
	return strings.HasPrefix(key, "auth_") || strings.HasPrefix(key, "log") || strings.HasPrefix(key, "syslog") ||
		key == "verbose" || key == "stats_period"
}

// hashedColumns are the columns of SHOW DATABASES that are settings. Gauges (current_…) and states (paused, disabled)
// are not.
var hashedColumns = []string{
	"name", "host", "port", "database", "force_user", "pool_size", "min_pool_size", "reserve_pool_size", "server_lifetime",
	"pool_mode", "load_balance_hosts", "max_connections", "max_client_connections",
}

// configHash is the SHA-256, in hex, over what decides how a process behaves: SHOW CONFIG as key=value and the
// settings in SHOW DATABASES, each a line, sorted. An autodb (of the line *) is in it while SHOW DATABASES shows it.
func configHash(config map[string]string, databases []record) string {
	var lines []string
	for key, value := range config {
		if !settingsApart(key) {
			lines = append(lines, key+"="+value)
		}
	}
	for _, r := range databases {
		line := "[databases]"
		for _, name := range hashedColumns {
			line += " " + name + "=" + strings.TrimSpace(r.text(name))
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}
