package words

// Plural returns one where n is 1, and many otherwise: Plural(2, "pool", "pools") is "pools".
func Plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
