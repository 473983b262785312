package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// The part of RFC 6455 that reading a reply needs.
const (
	opcodeText  = 1
	opcodeClose = 8
	opcodePing  = 9
	opcodePong  = 10
	isFinal     = 0x80
	isMasked    = 0x80
)

// webSocket carries one reply. Read returns the texts of its frames, and io.EOF after the frame with the ending.
type webSocket struct {
	net.Conn
	input  *bufio.Reader
	ending []byte
	frame  []byte
	ended  bool
}

func (l *load) connectWebSocket(request request) (io.ReadCloser, error) {
	address, err := url.Parse(l.URL)
	if err != nil {
		return nil, err
	}
	connection, err := net.DialTimeout("tcp", address.Host, time.Until(l.deadline))
	if err != nil {
		return nil, err
	}
	if request.small {
		err = connection.(*net.TCPConn).SetReadBuffer(4096)
	}
	socket := &webSocket{Conn: connection, input: bufio.NewReader(connection), ending: []byte(l.Ending)}
	if err == nil {
		err = socket.SetDeadline(l.deadline)
	}
	if err == nil {
		err = socket.shakeHands(address, l.Headers)
	}
	if err == nil {
		err = socket.send(opcodeText, []byte(request.body))
	}
	if err != nil {
		connection.Close()
		return nil, err
	}
	return socket, nil
}

func (s *webSocket) shakeHands(address *url.URL, headers map[string]string) error {
	key := make([]byte, 16)
	rand.Read(key)
	request, err := http.NewRequest("GET", address.String(), nil)
	if err != nil {
		return err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "websocket")
	request.Header.Set("Sec-WebSocket-Version", "13")
	request.Header.Set("Sec-WebSocket-Key", base64.StdEncoding.EncodeToString(key))
	if err := request.Write(s.Conn); err != nil {
		return err
	}
	response, err := http.ReadResponse(s.input, request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("status %d instead of a WebSocket", response.StatusCode)
	}
	return nil
}

func (s *webSocket) send(opcode byte, payload []byte) error {
	frame := []byte{isFinal | opcode}
	switch size := len(payload); {
	case size < 126:
		frame = append(frame, isMasked|byte(size))
	case size < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, isMasked|126), uint16(size))
	default:
		return fmt.Errorf("a frame of %d bytes", size)
	}
	frame = append(frame, 0, 0, 0, 0) // a mask that changes nothing: there is no cache here that it protects
	_, err := s.Conn.Write(append(frame, payload...))
	return err
}

func (s *webSocket) Read(buffer []byte) (int, error) {
	for len(s.frame) == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if err := s.readFrame(); err != nil {
			return 0, err
		}
	}
	n := copy(buffer, s.frame)
	s.frame = s.frame[n:]
	return n, nil
}

func (s *webSocket) readFrame() error {
	var head [8]byte
	if _, err := io.ReadFull(s.input, head[:2]); err != nil {
		return err
	}
	opcode, size := head[0]&15, uint64(head[1]&127)
	switch size {
	case 126:
		if _, err := io.ReadFull(s.input, head[:2]); err != nil {
			return err
		}
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		if _, err := io.ReadFull(s.input, head[:8]); err != nil {
			return err
		}
		size = binary.BigEndian.Uint64(head[:8])
	}
	if size > 1<<24 {
		return fmt.Errorf("a frame of %d bytes", size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(s.input, payload); err != nil {
		return err
	}
	switch opcode {
	case opcodeClose:
		return fmt.Errorf("closed: %s", shortened(string(payload)))
	case opcodePing:
		return s.send(opcodePong, payload)
	case opcodePong:
		return nil
	}
	if bytes.Contains(payload, []byte(`"event":"problem"`)) {
		return fmt.Errorf("refused: %s", shortened(string(payload)))
	}
	s.frame = payload
	s.ended = bytes.Contains(payload, s.ending)
	return nil
}
