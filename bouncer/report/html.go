package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"sign": func(k EventKind) string { return signs[k] },
	"by": func(from, to int) string {
		if from == 0 || from == to {
			return ""
		}
		return strings.Replace(fmt.Sprintf("%+d", to-from), "-", "−", 1)
	},
	"way": func(from, to int) string {
		switch {
		case from == 0 || from == to:
			return "same"
		case from < to:
			return "grows"
		}
		return "shrinks"
	},
}).Parse(pageHTML))

// HTML is the page. The error is html/template's, and is none for any Page.
func (p Page) HTML() ([]byte, error) {
	var b bytes.Buffer
	err := page.Execute(&b, struct {
		Page
		Figures []figure
		Marks   []EventKind
	}{p, p.figures(), p.marks()})
	return b.Bytes(), err
}

// marks are the kinds of marks that the pictures have, for their legend.
func (p Page) marks() (kinds []EventKind) {
	for _, k := range []EventKind{Release, Grant, Shift, Hold, Undo} {
		for _, e := range p.Events {
			if e.Kind == k {
				kinds = append(kinds, k)
				break
			}
		}
	}
	return kinds
}
