package main

import "slices"

// summary describes a distribution of times, in milliseconds. It is all zero where there are no samples.
type summary struct {
	Samples int     `json:"samples"`
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
}

// summarize sorts the samples, which are µs.
func summarize(samples []int64) summary {
	if len(samples) == 0 {
		return summary{}
	}
	slices.Sort(samples)
	at := func(share float64) float64 {
		return float64(samples[int(share*float64(len(samples)-1))]) / 1000
	}
	return summary{len(samples), at(0.5), at(0.99), at(1)}
}
