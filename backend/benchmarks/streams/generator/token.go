package main

import (
	"bytes"
	"strconv"
	"time"
)

// A token's text is "#<number>:<µs since 1970 at which it was due>;". It has nothing that JSON escapes, so it passes
// through every server unchanged, joined with others or alone.

const microDigits = 16

type token struct {
	number int
	due    int64
}

func appendToken(text []byte, number int, due time.Time) []byte {
	text = append(text, '#')
	text = strconv.AppendInt(text, int64(number), 10)
	text = append(text, ':')
	text = strconv.AppendInt(text, due.UnixMicro(), 10)
	return append(text, ';')
}

// scanTokens calls found for each token in data, and returns what follows the last one.
func scanTokens(data []byte, found func(token)) []byte {
	start := 0
	for at := 0; ; {
		semicolon := bytes.IndexByte(data[at:], ';')
		if semicolon < 0 {
			return data[start:]
		}
		at += semicolon + 1
		if t, ok := tokenBefore(data[start : at-1]); ok {
			found(t)
			start = at
		}
	}
}

// tokenBefore reads the token that text ends with, without its semicolon.
func tokenBefore(text []byte) (token, bool) {
	colon := len(text) - microDigits - 1
	if colon < 0 || text[colon] != ':' {
		return token{}, false
	}
	mark := bytes.LastIndexByte(text[:colon], '#')
	number, err := strconv.Atoi(string(text[mark+1 : colon]))
	if mark < 0 || err != nil {
		return token{}, false
	}
	due, err := strconv.ParseInt(string(text[colon+1:]), 10, 64)
	return token{number, due}, err == nil
}
