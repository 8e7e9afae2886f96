package scenario

import _ "embed"

// Starter is a small valid scenario that explains every key.
//
//go:embed starter.yaml
var Starter string
