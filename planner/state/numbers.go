package state

// Numbers are those of the steps that can be taken back, the oldest first.
func (m JournalState) Numbers() []int {
	var out []int
	for _, p := range m.Past {
		out = append(out, p.Number)
	}
	if m.Step != nil && m.StepNumber > 0 {
		out = append(out, m.StepNumber)
	}
	return out
}

// SeqOf is the event at which a step began that can be taken back; 0: there is no such step.
func (m JournalState) SeqOf(number int) int64 {
	if m.Step != nil && m.StepNumber > 0 && m.StepNumber == number {
		return m.StepSeq
	}
	for _, p := range m.Past {
		if p.Number == number {
			return p.Seq
		}
	}
	return 0
}

// NumberOf is the number of the first step that can be taken back and began at that event or later; 0: there is none.
func (m JournalState) NumberOf(seq int64) int {
	for _, p := range m.Past {
		if p.Seq >= seq {
			return p.Number
		}
	}
	if m.Step != nil {
		return m.StepNumber
	}
	return 0
}
