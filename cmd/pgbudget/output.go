package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/pgbudget/pgbudget/bouncer/quote"
)

// stderr is where a command talks. What consoles, servers and commands say comes through it as text alone.
var stderr io.Writer = pasting{quote.Writer{W: os.Stderr}}

// stdout is where results go. What could not be written there is an error of the command, whatever it was.
var stdout = &keeper{w: os.Stdout}

// output is where and how a command prints its result. Results go to stdout, talk to stderr.
type output struct {
	w      io.Writer
	format string // table, json or yaml
	color  bool
	width  int // columns of the terminal; 0: it is none, and nothing is cut

	recycle bool // that a RELOAD recycles connections was accepted
}

// stamp is a moment as every page of output has it: in UTC, and saying so.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// newOutput reads -o and decides on colour: only on a terminal, and not where NO_COLOR, TERM=dumb or --no-color say no.
func newOutput(c *cli.Context) (output, error) {
	o := output{w: c.App.Writer, format: c.String("output")}
	switch o.format {
	case "":
		o.format = "table" // an environment variable that is set and empty
	case "table", "json", "yaml":
	default:
		return output{}, usage("table, json or yaml", "-o %s is not a format", o.format)
	}
	f, isFile := stdout.w.(*os.File)
	isFile = isFile && o.w == io.Writer(stdout)
	terminal := isFile && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb"
	o.color = terminal && os.Getenv("NO_COLOR") == "" && !c.Bool("no-color")
	if terminal {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width >= leastWidth {
			o.width = width
		}
	}
	o.w = quote.Writer{W: o.w, Color: o.color}
	if o.format == "table" && c.String("emit") == "" { // JSON is for programs, and a patch for patch
		o.w = pasting{o.w}
	}
	return o, nil
}

// data prints v as JSON, or as the same JSON in YAML's clothes. No list and no map is null.
func (o output) data(v any) error {
	b, err := json.MarshalIndent(listed(reflect.ValueOf(v)).Interface(), "", "  ")
	if err != nil {
		return err
	}
	if b = append(b, '\n'); o.format == "yaml" {
		if b, err = yaml.JSONToYAML(b); err != nil {
			return err
		}
	}
	if _, err = o.w.Write(b); errors.Is(err, syscall.EPIPE) { // who reads no further has what was wanted
		return nil
	}
	return err
}

// listed is v with an empty list, or map, where it has none: who reads it goes over a list without asking whether it is
// there. Those that are left out where they are empty stay as they are.
func listed(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			in := listed(v.Elem())
			if v.Kind() == reflect.Pointer {
				to := reflect.New(in.Type())
				to.Elem().Set(in)
				in = to
			}
			out.Set(in)
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(listed(v.Index(i)))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for _, key := range v.MapKeys() {
			out.SetMapIndex(key, listed(v.MapIndex(key)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && !(strings.Contains(f.Tag.Get("json"), ",omit") && v.Field(i).IsZero()) {
				out.Field(i).Set(listed(v.Field(i)))
			}
		}
	}
	return out
}

// table returns a table in the house style: no borders, a bold header, columns apart.
func (o output) table(header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(o.w)
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendHeader(header)
	t.SuppressTrailingSpaces()
	return t
}

// bold and warn dress a text for a terminal.
func (o output) bold(s string) string {
	if !o.color {
		return s
	}
	return text.Bold.Sprint(s)
}

func (o output) warn(s string) string {
	if !o.color {
		return s
	}
	return text.FgYellow.Sprint(s)
}

// keeper keeps the first error of a writer whose callers ignore it.
type keeper struct {
	w   io.Writer
	err error
}

func (k *keeper) Write(b []byte) (int, error) {
	n, err := k.w.Write(b)
	if k.err == nil {
		k.err = err
	}
	return n, err
}
