package main

import "github.com/urfave/cli/v2"

func observeCommand() *cli.Command { return &cli.Command{Name: "observe"} }
