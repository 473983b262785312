package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net/http/cookiejar"
	"time"
)

// reply is one reply as its client sees it, over one response or, if it is cut and resumed, several.
type reply struct {
	load            *load
	dice            *rand.Rand
	length          int
	stalls, resumes bool
	isFirst         bool

	started       time.Time
	next          int
	lost, doubled int
	cuts          int
	firstToken    int64 // µs
	staleness     []int64
	rest          []byte
	eventID       []byte // of the last complete server-sent event; only where the reply resumes
}

const enoughToStall = 10

// read starts the reply and reads it to its end.
func (r *reply) read(connect connector, body string) error {
	r.started = time.Now()
	cookies, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	response, err := connect(request{body: body, small: r.stalls, cookies: cookies})
	for {
		if err != nil {
			return err
		}
		cut, failure := r.readResponse(response)
		response.Close()
		if failure != nil || !cut {
			return failure
		}
		r.cuts++
		r.rest = r.rest[:0]
		response, err = connect(request{lastEventID: string(r.eventID), cookies: cookies})
	}
}

// readResponse reads until the response ends, or until it is time to cut it.
func (r *reply) readResponse(response io.Reader) (cut bool, err error) {
	cutAt := r.load.deadline
	if r.resumes {
		cutAt = time.Now().Add(time.Second + time.Duration(r.dice.Int63n(int64(2*time.Second))))
	}
	buffer := make([]byte, 16<<10)
	for {
		n, err := response.Read(buffer)
		if n > 0 {
			r.take(buffer[:n])
		}
		now := time.Now()
		switch {
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, err
		case now.After(r.load.deadline):
			return false, fmt.Errorf("not complete in time")
		case r.stalls && r.next >= enoughToStall:
			time.Sleep(time.Until(r.load.windowEnds))
		case r.resumes && r.eventID != nil && now.After(cutAt):
			return true, nil
		}
	}
}

// take takes what a read brought.
func (r *reply) take(data []byte) {
	now := time.Now()
	l := r.load
	l.reads.Add(1)
	l.bytes.Add(int64(len(data)))
	inWindow := !r.stalls && now.After(l.windowBegins) && now.Before(l.windowEnds)
	tokens := 0
	found := func(t token) {
		if r.next == 0 && r.firstToken == 0 {
			r.firstToken = now.Sub(r.started).Microseconds()
			if r.isFirst {
				l.silent.Add(-1)
			}
		}
		if l.Repeats && r.next == r.length {
			return
		}
		if t.number < r.next {
			r.doubled++
			return
		}
		r.lost += t.number - r.next
		r.next = t.number + 1
		tokens++
		if inWindow {
			r.staleness = append(r.staleness, now.UnixMicro()-t.due)
		}
	}
	r.rest = append(r.rest, data...)
	rest := r.rest
	if r.resumes {
		rest = r.scanEvents(rest, found)
	} else if rest = scanTokens(rest, found); len(rest) > 4096 {
		rest = rest[len(rest)-64:]
	}
	r.rest = r.rest[:copy(r.rest, rest)]
	l.tokens.Add(int64(tokens))
}

// scanEvents reads complete server-sent events only, so that eventID and the tokens always agree.
func (r *reply) scanEvents(data []byte, found func(token)) []byte {
	for {
		event, rest, complete := bytes.Cut(data, []byte("\n\n"))
		if !complete {
			return data
		}
		if at := bytes.Index(event, []byte("id: ")); at >= 0 {
			id, _, _ := bytes.Cut(event[at+4:], []byte("\n"))
			r.eventID = append(r.eventID[:0], id...)
		}
		scanTokens(event, found)
		data = rest
	}
}
