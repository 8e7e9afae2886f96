package config

import (
	"errors"

	"github.com/pgbudget/pgbudget/planner"
)

// Config is a parsed and valid pgbudget.yaml.
type Config struct {
	File
	doc *Document
}

// Of returns the config that a valid file, embedded in another document, is.
func Of(f File, doc *Document) *Config { return &Config{f, doc} }

// Where returns file:line:column of a path such as "pools[2].load", or of the closest part of it that was written.
func (c *Config) Where(path string) string { return c.doc.Where(path) }

// Mask replaces what variables brought into the file by their names, wherever it stands in a text: it may be a secret.
func (c *Config) Mask(text string) string { return c.doc.mask(text) }

// Parse reads a config. name stands in messages; getenv finds the variables of ${NAME}. The error is a *planner.Error
// of KindUsage that joins every Fault.
func Parse(name string, data []byte, getenv func(string) (string, bool)) (*Config, error) {
	usage := func(err error) error {
		return &planner.Error{Kind: planner.KindUsage, Err: err, Hint: "pgbudget init --reference prints every key with its meaning and default"}
	}
	doc, err := Open(name, data)
	if err != nil {
		return nil, usage(err)
	}
	c := &Config{doc: doc}
	if err := doc.Decode(getenv, &c.File); err != nil {
		return nil, usage(err)
	}
	k := &Checker{Doc: doc}
	c.File.Check(k)
	if len(k.Faults) > 0 {
		return nil, usage(errors.Join(k.Faults...))
	}
	return c, nil
}
