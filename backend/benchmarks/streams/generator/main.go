// The load generator of `make bench`: a model server that is an OpenAI-compatible API, and clients that read
// many replies at once. It needs nothing but Go's standard library.
//
//	generator model            serve on a free port of 127.0.0.1, and print its URL
//	generator clients <SPEC    carry out one load, described as JSON, and print events as JSON, one a line
package main

import (
	"fmt"
	"os"
	"runtime/debug"
)

func main() {
	debug.SetGCPercent(400)
	command := ""
	if len(os.Args) == 2 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "model":
		err = serveModel()
	case "clients":
		err = runClients(os.Stdin, os.Stdout)
	default:
		err = fmt.Errorf("usage: generator model | generator clients")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generator:", err)
		os.Exit(1)
	}
}
