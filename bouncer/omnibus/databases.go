package omnibus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Folder is where Omnibus keeps its files.
const Folder = "/var/opt/gitlab/"

// Source is the databases.json of which a file is rendered, if it is a databases.ini.
func Source(file string) (source string, is bool) {
	folder, name := path.Split(file)
	return folder + "databases.json", name == "databases.ini"
}

// Owns reports whether Omnibus keeps a file, by its folder.
func Owns(file string) bool { return strings.HasPrefix(path.Clean(file), Folder) }

// Lines are the sizes that lines of databases.json have, by alias; a size that a line does not have follows the
// process's default.
type Lines map[string]map[fleet.Key]int

// Parse reads databases.json. A size is a number, a number in quotes, or null, which is none. The error says what is
// not as Omnibus has it, and shows no value: passwords stand beside the sizes.
func Parse(text []byte) (Lines, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var all map[string]map[string]any
	if err := d.Decode(&all); err != nil || all == nil || d.More() {
		return nil, errors.New("is no JSON object of databases")
	}
	out := Lines{}
	for alias, settings := range all {
		out[alias] = map[fleet.Key]int{}
		for key, names := range map[fleet.Key][]string{fleet.KeySize: {"pool_size"},
			fleet.KeyReserve: {"reserve_pool", "reserve_pool_size"}} {
			for _, name := range names {
				n, has, err := number(settings[name])
				if err != nil {
					return nil, fmt.Errorf("%s of %s is no whole number", name, alias)
				}
				if has {
					out[alias][key] = n
				}
			}
		}
	}
	return out, nil
}

// number is a value that may be a size.
func number(v any) (n int, has bool, err error) {
	switch v := v.(type) {
	case nil:
		return 0, false, nil
	case json.Number:
		n, err = strconv.Atoi(v.String())
	case string:
		n, err = strconv.Atoi(v)
	default:
		err = errors.New("neither a number nor text")
	}
	return n, true, err
}
