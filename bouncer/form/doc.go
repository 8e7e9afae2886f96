// Package form writes the sizes of a step as the tool has them that a fleet's files belong to: Chef, Omnibus, an
// operator, Helm, Terraform. Nothing is read, and nothing is merged: what is written is what is to stand there.
//
//	sizes, err := form.SizesOf(changes, before, processes)   what a step changes and leaves, a pool at a time
//	f, err := form.Of("helm")
//	parts, err := f.Parts(sizes)                             as the values of a chart, for each group
package form
