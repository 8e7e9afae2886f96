package config

import _ "embed"

// Reference is a valid config that shows every key with its meaning and default.
//
//go:embed reference.yaml
var Reference string
