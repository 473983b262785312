package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// request starts a reply by a body, or resumes one after an event.
type request struct {
	body        string
	lastEventID string
	small       bool // the system shall hold back little that nobody reads
	cookies     http.CookieJar
}

// connector sends a request; what it returns is the response's text.
type connector func(request) (io.ReadCloser, error)

func (l *load) connector() (connector, error) {
	switch l.Transport {
	case "http":
		return l.connectHTTP(), nil
	case "websocket":
		return l.connectWebSocket, nil
	}
	return nil, fmt.Errorf("no transport %q", l.Transport)
}

func newTransport(small bool) *http.Transport {
	return &http.Transport{
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
		MaxIdleConns:       100_000,
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			connection, err := new(net.Dialer).DialContext(ctx, network, address)
			if err == nil && small {
				err = connection.(*net.TCPConn).SetReadBuffer(4096)
			}
			return connection, err
		},
	}
}

func (l *load) connectHTTP() connector {
	shared, small := newTransport(false), newTransport(true)
	return func(request request) (io.ReadCloser, error) {
		transport := shared
		if request.small {
			transport = small
		} else if l.OwnConnections {
			transport = newTransport(false)
		}
		method, url, body := "POST", l.URL, io.Reader(strings.NewReader(request.body))
		if request.lastEventID != "" {
			generation, _, _ := strings.Cut(request.lastEventID, ":")
			method, url, body = "GET", strings.ReplaceAll(l.ResumeURL, "{generation}", generation), nil
		}
		sent, err := http.NewRequest(method, url, body)
		if err != nil {
			return nil, err
		}
		if body != nil {
			sent.Header.Set("Content-Type", "application/json")
		}
		for name, value := range l.Headers {
			sent.Header.Set(name, value)
		}
		if request.lastEventID != "" {
			sent.Header.Set("Last-Event-ID", request.lastEventID)
		}
		client := http.Client{Transport: transport, Jar: request.cookies}
		ctx, cancel := context.WithDeadline(context.Background(), l.deadline)
		response, err := client.Do(sent.WithContext(ctx))
		if err != nil {
			cancel()
			return nil, err
		}
		stream := &httpStream{response.Body, cancel, nil}
		if l.OwnConnections && !request.small {
			stream.idle = transport.CloseIdleConnections
		}
		if response.StatusCode == http.StatusOK {
			return stream, nil
		}
		defer stream.Close()
		problem, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return nil, fmt.Errorf("status %d: %s", response.StatusCode, shortened(string(problem)))
	}
}

type httpStream struct {
	io.ReadCloser
	cancel context.CancelFunc
	idle   func()
}

func (s *httpStream) Close() error {
	err := s.ReadCloser.Close()
	s.cancel()
	if s.idle != nil {
		s.idle()
	}
	return err
}
