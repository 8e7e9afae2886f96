//go:build !linux

package store

import "errors"

// exchange is nothing that can be asked for here.
func exchange(string, string) error { return errors.ErrUnsupported }

func noExchange(err error) bool { return errors.Is(err, errors.ErrUnsupported) }
