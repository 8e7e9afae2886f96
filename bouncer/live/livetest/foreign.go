package livetest

// Every calls visit with each string of a document.
func Every(x any, visit func(string)) {
	switch x := x.(type) {
	case string:
		visit(x)
	case []any:
		for _, y := range x {
			Every(y, visit)
		}
	case map[string]any:
		for k, y := range x {
			visit(k)
			Every(y, visit)
		}
	}
}
