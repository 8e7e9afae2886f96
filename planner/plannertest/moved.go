package plannertest

import (
	"time"
)

// BlockSpan is how long a block is here.
const BlockSpan = 5 * time.Second
