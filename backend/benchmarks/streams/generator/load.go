package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// spec describes a load; all times are seconds.
//
// Streams start one after the other within the ramp. A stream is one reply after the other, until the window ends or,
// if Replies is not 0, until it has read so many. The window is what staleness is measured in: it begins Settle after
// the ramp.
type spec struct {
	Transport string            `json:"transport"` // "http" or "websocket"
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`      // what a reply is started by; {message} is replaced, {length} by its length as a byte
	Enveloped bool              `json:"enveloped"` // the body follows a byte 0 and its length, as in gRPC and Connect
	Ending    string            `json:"ending"`    // of a WebSocket: the frame with it is a reply's last one

	Repeats bool `json:"repeats"` // the end of a response says its whole text again

	Streams int     `json:"streams"`
	Replies int     `json:"replies"`
	Ramp    float64 `json:"ramp"`
	Settle  float64 `json:"settle"`
	Window  float64 `json:"window"`
	Drain   float64 `json:"drain"` // what is not complete that long after the window has failed
	Paces   []int   `json:"paces"`
	Lengths []int   `json:"lengths"` // in tokens; 0 stands for a reply until the end of the window

	OwnConnections bool    `json:"own_connections"` // HTTP/2: a connection for each stream
	Resumed        float64 `json:"resumed"`         // the share of streams that are cut and resumed every 1 to 3 s
	ResumeURL      string  `json:"resume_url"`      // {generation} is replaced
	Stalled        float64 `json:"stalled"`         // the share of streams that read nothing before the window ends
}

// load is a load under way.
type load struct {
	spec
	begun, windowBegins, windowEnds, deadline time.Time

	tokens, bytes, reads, silent atomic.Int64

	mutex      sync.Mutex
	firstToken []int64
	staleness  []int64
	counts     counts
	errors     map[string]int
}

type counts struct {
	Replies  int `json:"replies"`
	Complete int `json:"complete"`
	Lost     int `json:"lost"`
	Doubled  int `json:"doubled"`
	Cuts     int `json:"cuts"`
}

// afterWindow is how much longer than the window a reply is that lasts until its end.
const afterWindow = 0.25

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func runClients(input io.Reader, output io.Writer) error {
	l := &load{errors: map[string]int{}}
	if err := json.NewDecoder(input).Decode(&l.spec); err != nil {
		return err
	}
	connect, err := l.connector()
	if err != nil {
		return err
	}
	report := json.NewEncoder(output)
	cpu := processorSeconds()
	l.begun = time.Now()
	l.windowBegins = l.begun.Add(seconds(l.Ramp + l.Settle))
	l.windowEnds = l.windowBegins.Add(seconds(l.Window))
	l.deadline = l.windowEnds.Add(seconds(l.Drain))

	var streams sync.WaitGroup
	l.silent.Store(int64(l.Streams))
	for number := range l.Streams {
		streams.Add(1)
		go func() {
			defer streams.Done()
			time.Sleep(seconds(l.Ramp * float64(number) / float64(l.Streams)))
			l.stream(number, connect)
		}()
	}
	if l.Window > 0 {
		for _, edge := range []struct {
			name string
			at   time.Time
		}{{"window begins", l.windowBegins}, {"window ends", l.windowEnds}} {
			time.Sleep(time.Until(edge.at))
			report.Encode(map[string]any{
				"event": edge.name, "tokens": l.tokens.Load(), "silent": l.silent.Load(), "cpu": processorSeconds(),
			})
		}
	}
	streams.Wait()
	return report.Encode(map[string]any{
		"event": "result", "counts": l.counts, "errors": l.errors,
		"tokens": l.tokens.Load(), "bytes": l.bytes.Load(), "reads": l.reads.Load(),
		"first_token_ms": summarize(l.firstToken), "staleness_ms": summarize(l.staleness),
		"seconds": time.Since(l.begun).Seconds(), "cpu": processorSeconds() - cpu,
	})
}

// stream reads one reply after the other.
func (l *load) stream(number int, connect connector) {
	dice := rand.New(rand.NewSource(int64(number)))
	share := (float64(number) + 0.5) / float64(l.Streams)
	stalls, resumes := share < l.Stalled, share > 1-l.Resumed && l.ResumeURL != ""
	for count := 0; l.wants(count); count++ {
		pace := l.Paces[dice.Intn(len(l.Paces))]
		length := l.Lengths[dice.Intn(len(l.Lengths))]
		if length == 0 {
			length = 1 + int((time.Until(l.windowEnds).Seconds()+afterWindow)*float64(pace))
		}
		r := &reply{load: l, dice: dice, length: length, stalls: stalls, resumes: resumes, isFirst: count == 0}
		message := fmt.Sprintf("pace=%d tokens=%d stream=%d.%d", pace, length, number, count)
		err := r.read(connect, l.requestBody(message))
		l.finished(r, err)
		if err != nil {
			return
		}
	}
}

func (l *load) requestBody(message string) string {
	body := strings.NewReplacer("{message}", message, "{length}", string(rune(len(message)))).Replace(l.Body)
	if l.Enveloped {
		return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body)))) + body
	}
	return body
}

func (l *load) wants(count int) bool {
	if l.Replies > 0 {
		return count < l.Replies
	}
	return time.Now().Before(l.windowEnds)
}

func (l *load) finished(r *reply, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	lost := r.lost + r.length - r.next
	l.counts.Replies++
	l.counts.Lost += lost
	l.counts.Doubled += r.doubled
	l.counts.Cuts += r.cuts
	if lost == 0 && r.doubled == 0 && err == nil {
		l.counts.Complete++
	}
	if err != nil {
		l.errors[strings.ReplaceAll(err.Error(), "\n", " ")]++
	}
	if r.firstToken > 0 {
		l.firstToken = append(l.firstToken, r.firstToken)
	}
	l.staleness = append(l.staleness, r.staleness...)
}

// processorSeconds is what this process has used so far.
func processorSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func shortened(text string) string { return strconv.Quote(text[:min(len(text), 200)]) }
