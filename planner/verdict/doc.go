// Package verdict is why something may not be done, or has to be: a Code with the subject that it is about and its
// numbers. Decisions are made by codes alone; no code compares, prefixes or parses a sentence. The sentences stand in
// words.go, and Text makes one where it is printed or written into the journal.
package verdict
