package main

import (
	"testing"
	"time"
)

func TestTokensAreReadHoweverTheyAreCut(t *testing.T) {
	due := time.UnixMicro(1_700_000_000_123_456)
	text := []byte(`data: {"token":"`)
	for number := range 3 {
		text = appendToken(text, 9+number, due)
	}
	text = append(text, "\"}; #5:12; 5:1700000000123456; #:1700000000123456;\n\n"...)
	for cut := range text {
		var numbers []int
		found := func(token token) {
			if token.due != due.UnixMicro() {
				t.Fatalf("due at %d", token.due)
			}
			numbers = append(numbers, token.number)
		}
		rest := append([]byte(nil), scanTokens(text[:cut], found)...)
		scanTokens(append(rest, text[cut:]...), found)
		if len(numbers) != 3 || numbers[0] != 9 || numbers[1] != 10 || numbers[2] != 11 {
			t.Fatalf("cut at %d: %v", cut, numbers)
		}
	}
}
