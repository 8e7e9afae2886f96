package budget

// DirectLine is directLine, for tests from outside.
var DirectLine = directLine
