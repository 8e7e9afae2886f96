package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"
)

func manCommand() *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page of every command and flag, for man",
		Description: "Examples:\n  pgbudget man | man -l -\n  pgbudget man > /usr/local/share/man/man1/pgbudget.1",
		Action: func(c *cli.Context) error {
			if err := noArguments(c, 0); err != nil {
				return err
			}
			page, err := manual(newApp())
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.App.Writer, page)
			return err
		},
	}
}

// manual is a page of section 1 in roff, made of the command tree: the page of the cli package, which leaves
// descriptions out, with the descriptions and the exit codes.
func manual(app *cli.App) (string, error) {
	for _, c := range app.Commands {
		for _, x := range append(c.Subcommands, c) {
			x.Usage = markdown(x.Usage + "\n\n" + x.Description)
		}
	}
	text, err := app.ToMarkdown()
	if err != nil {
		return "", err
	}
	text = strings.ReplaceAll(text, `**="": `, "**: ") // the usage has a name for the value
	var b strings.Builder
	fmt.Fprintf(&b, "%% %s 1\n\n%s\n# EXIT STATUS\n\n", app.Name, text)
	for _, c := range exitTable {
		fmt.Fprintf(&b, "**%d**: %s\n\n", c.code, markdown(c.means))
	}
	b.WriteString("# SEE ALSO\n\n**pgbouncer**(1), **pgbouncer**(5)\n")
	return string(md2man.Render([]byte(b.String()))), nil
}

// markdown writes a text so that Markdown shows the text as it is: lines that are indented keep their breaks.
func markdown(text string) string {
	escaped := strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "<", `\<`, ">", `\>`, "[", `\[`, "]", `\]`, "`", "\\`",
		"|", `\|`, "~", `\~`, "&", `\&`)
	var b strings.Builder
	code := false
	for line := range strings.Lines(strings.TrimSpace(text)) {
		if was := code; was != strings.HasPrefix(line, "  ") {
			code = !was
			b.WriteString("\n")
		}
		if code {
			b.WriteString("    " + strings.TrimPrefix(line, "  "))
		} else {
			b.WriteString(escaped.Replace(line))
		}
	}
	return b.String()
}
