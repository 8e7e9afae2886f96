package chart

import (
	"image/color"
	"strings"
	"unicode"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The palette of Okabe and Ito, Color Universal Design, 2008.
var (
	blue       = color.NRGBA{0x00, 0x72, 0xB2, 0xFF}
	vermillion = color.NRGBA{0xD5, 0x5E, 0x00, 0xFF}
	green      = color.NRGBA{0x00, 0x9E, 0x73, 0xFF}
	purple     = color.NRGBA{0xCC, 0x79, 0xA7, 0xFF}
	orange     = color.NRGBA{0xE6, 0x9F, 0x00, 0xFF}
	sky        = color.NRGBA{0x56, 0xB4, 0xE9, 0xFF}
	white      = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
	black      = color.NRGBA{0x00, 0x00, 0x00, 0xFF}
	gray       = color.NRGBA{0x70, 0x70, 0x70, 0xFF}

	gridColor = color.NRGBA{0xE0, 0xE0, 0xE0, 0xFF}
	bandColor = color.NRGBA{0x90, 0x90, 0x90, 0x38} // shows the grid below it
	barColor  = color.NRGBA{0x90, 0x90, 0x90, 0xFF}
	skyFill   = color.NRGBA{0xD3, 0xE9, 0xF7, 0xFF}
	oakFill   = color.NRGBA{0xF0, 0xC0, 0x60, 0xFF}
	grayFill  = color.NRGBA{0xB0, 0xB0, 0xB0, 0xFF}
)

// dashes are the patterns that tell lines apart without colour, in points.
var (
	solid      []vg.Length
	dashed     = []vg.Length{6, 3}
	dotted     = []vg.Length{1.5, 2}
	dashDotted = []vg.Length{7, 2.5, 1.5, 2.5}
	longDashed = []vg.Length{12, 4}
	doubleDots = []vg.Length{7, 2, 1.5, 2, 1.5, 2}
)

// lines are the styles of pools and servers, the first for the first.
var lines = []draw.LineStyle{
	{Color: blue, Width: 1.3, Dashes: solid},
	{Color: vermillion, Width: 1.3, Dashes: dashed},
	{Color: green, Width: 1.3, Dashes: dashDotted},
	{Color: purple, Width: 1.3, Dashes: dotted},
	{Color: orange, Width: 1.3, Dashes: longDashed},
	{Color: sky, Width: 1.3, Dashes: doubleDots},
}

// sans is the style of all text.
func sans(size vg.Length, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return text.Style{Color: black, Font: f, Handler: plot.DefaultTextHandler, XAlign: draw.XLeft, YAlign: draw.YBottom}
}

// clean replaces what XML cannot hold by spaces: names come from files.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r >= 0xFFFE && r <= 0xFFFF {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
}

// fit shortens s in its middle until it is no wider than width.
func fit(s string, style text.Style, width vg.Length) string {
	s = clean(s)
	runes := []rune(s)
	for keep := len(runes); style.Width(s) > width && keep > 2; keep-- {
		s = string(runes[:(keep+1)/2]) + "…" + string(runes[len(runes)-keep/2:])
	}
	return s
}
