package admin

import (
	"fmt"
	"testing"
)

// TestAddressesOfNamesAreReadAsPgBouncerWritesThem: as 1.18.0 and 1.24.1 showed names of /etc/hosts.
func TestAddressesOfNamesAreReadAsPgBouncerWritesThem(t *testing.T) {
	cell := func(text string) []byte { return []byte(text) }
	a := Answer{names: []string{"hostname", "ttl", "addrs"}, Rows: [][][]byte{
		{cell("localhost"), cell("8"), cell("[::1]:0")},
		{cell("two"), cell("12"), cell("127.0.0.1:0,127.0.0.2:0")},
		{cell("nowhere"), cell("3"), cell("")},
	}}
	table, err := showDNS.read("console", "1.24.1", a)
	if err != nil || table.fault != nil {
		t.Fatal(err, table.fault)
	}
	if got, want := fmt.Sprint(addressesOf(table.records)), "map[localhost:[::1] two:[127.0.0.1 127.0.0.2]]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
