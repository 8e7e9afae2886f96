package fleet

// Guess says what is not known of an alias that SHOW DATABASES does not show. Empty: nothing, the console shows it.
type Guess string

// What is not known of such an alias.
const (
	GuessLineKept Guess = "line kept"     // its process may keep a line of * that its file no longer has
	GuessLine     Guess = "line"          // whether its process has a line of *
	GuessServer   Guess = "server"        // to which server the line of * leads
	GuessInForce  Guess = "line in force" // whether the process has loaded the file's line of *
)

// Text is the guess as a sentence without a full stop; that of a sentence, as files had it before codes, is itself.
func (g Guess) Text() string {
	switch g {
	case GuessLineKept:
		return "its file has no line of *, and a process keeps the one that it had"
	case GuessLine:
		return "whether there is a line of * is not known"
	case GuessServer:
		return "where the line of * leads is not known"
	case GuessInForce:
		return "whether the file's line of * is in force is not known"
	}
	return string(g)
}
