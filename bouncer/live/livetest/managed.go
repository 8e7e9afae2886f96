package livetest

// Kept is a store whose files something else keeps.
type Kept struct{ *Memory }

// Managed names the file.
func (k Kept) Managed(path string) string { return path + ": kept by a ConfigMap" }
