package main

import (
	"errors"
	"sync"
	"syscall"
	"time"
)

const tick = time.Millisecond

// pacer writes the tokens of all replies when they are due, from one goroutine: a write a token, and no more.
type pacer struct {
	mutex    sync.Mutex
	arrived  []*speech
	lateness []int64
	running  []*speech
	wake     chan struct{}
}

// speech is a reply that the model says.
type speech struct {
	output  syscall.RawConn
	start   time.Time
	gap     time.Duration
	tokens  int
	next    int
	pending []byte // what the connection has not taken yet
	ended   chan error
}

func newPacer() *pacer { return &pacer{wake: make(chan struct{}, 1)} }

// speak returns once all is written, or the client has left.
func (p *pacer) speak(output syscall.RawConn, pace, tokens int) error {
	s := &speech{
		output: output, start: time.Now(), gap: time.Second / time.Duration(max(pace, 1)), tokens: tokens,
		ended: make(chan error, 1),
	}
	p.mutex.Lock()
	p.arrived = append(p.arrived, s)
	p.mutex.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return <-s.ended
}

// takeLateness returns by how many µs tokens were late since the last call.
func (p *pacer) takeLateness() []int64 {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	lateness := p.lateness
	p.lateness = nil
	return lateness
}

func (p *pacer) run() {
	for {
		if len(p.running) == 0 {
			<-p.wake
		} else {
			time.Sleep(tick)
		}
		p.mutex.Lock()
		p.running = append(p.running, p.arrived...)
		p.arrived = p.arrived[:0]
		remaining := p.running[:0]
		for _, s := range p.running {
			if more, err := s.advance(&p.lateness); more {
				remaining = append(remaining, s)
			} else {
				s.ended <- err
			}
		}
		clear(p.running[len(remaining):])
		p.running = remaining
		p.mutex.Unlock()
	}
}

// advance writes what is due. There is no more to say after the ending, or once the client has left.
func (s *speech) advance(lateness *[]int64) (more bool, err error) {
	now := time.Now()
	for s.next < s.tokens {
		due := s.start.Add(time.Duration(s.next) * s.gap)
		if due.After(now) {
			break
		}
		*lateness = append(*lateness, now.Sub(due).Microseconds())
		s.pending = appendTokenChunk(s.pending, s.next, due)
		s.next++
		if err = s.flush(); err != nil {
			return false, err
		}
	}
	if s.next == s.tokens {
		s.pending = appendEnding(s.pending)
		s.next++
	}
	if err = s.flush(); err != nil {
		return false, err
	}
	return s.next <= s.tokens || len(s.pending) > 0, nil
}

// flush writes what the connection takes without waiting.
func (s *speech) flush() error {
	if len(s.pending) == 0 {
		return nil
	}
	var failure error
	err := s.output.Write(func(descriptor uintptr) bool {
		n, err := syscall.Write(int(descriptor), s.pending)
		if n > 0 {
			s.pending = s.pending[:copy(s.pending, s.pending[n:])]
		}
		if err != syscall.EAGAIN {
			failure = err
		}
		return true
	})
	return errors.Join(err, failure)
}
