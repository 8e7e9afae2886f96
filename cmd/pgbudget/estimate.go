package main

import "github.com/urfave/cli/v2"

func estimateCommand() *cli.Command { return &cli.Command{Name: "estimate"} }
