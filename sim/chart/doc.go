// Package chart draws a simulated run as one picture: connections against what the server accepts, pool sizes, CPU and
// waiting clients over a shared time axis, with shaded bands where something went wrong.
//
//	b, err := chart.Timeline{Title: "steady", Samples: samples}.SVG()
//
// Equal samples make equal bytes. Lines differ in dash pattern as well as in colour, and the colours are those of Okabe
// and Ito, which most colour-blind people can tell apart.
package chart
