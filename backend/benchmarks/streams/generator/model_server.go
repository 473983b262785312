package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// A request says in its last message how fast the model speaks, and how long.
var script = regexp.MustCompile(`pace=(\d+) tokens=(\d+)`)

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

// serveModel serves OpenAI's chat completions. It speaks HTTP itself, because its replies are written by the pacer.
func serveModel() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	pacer := newPacer()
	go pacer.run()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			serveConnection(connection.(*net.TCPConn), pacer)
		}()
	}
}

// serveConnection answers requests, one after the other, until the client leaves.
func serveConnection(connection *net.TCPConn, pacer *pacer) {
	raw, err := connection.SyscallConn()
	input := bufio.NewReader(connection)
	for err == nil {
		var request *http.Request
		var body []byte
		if request, err = http.ReadRequest(input); err != nil {
			return
		}
		if body, err = io.ReadAll(request.Body); err != nil {
			return
		}
		matches := script.FindAllSubmatch(body, -1)
		switch {
		case request.Method == "GET" && request.URL.Path == "/lateness":
			// By how much tokens were late since the last request for it.
			answer, _ := json.Marshal(summarize(pacer.takeLateness()))
			err = answerWhole(connection, http.StatusOK, answer)
		case request.Method != "POST" || request.URL.Path != "/v1/chat/completions":
			err = answerWhole(connection, http.StatusNotFound, nil)
		case matches == nil:
			err = answerWhole(connection, http.StatusBadRequest, []byte(`{"error":{"message":"no pace"}}`))
		default:
			last := matches[len(matches)-1]
			pace, _ := strconv.Atoi(string(last[1]))
			tokens, _ := strconv.Atoi(string(last[2]))
			if _, err = io.WriteString(connection, streamHead); err == nil {
				err = pacer.speak(raw, pace, tokens)
			}
		}
	}
}

func answerWhole(output io.Writer, status int, body []byte) error {
	_, err := fmt.Fprintf(output, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
	return err
}

const eventHead = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"paced","choices":[{"index":0,"delta":`

func appendTokenChunk(data []byte, number int, due time.Time) []byte {
	var text [64]byte
	token := appendToken(text[:0], number, due)
	const head, tail = eventHead + `{"content":"`, "\"},\"finish_reason\":null}]}\n\n"
	data = strconv.AppendInt(data, int64(len(head)+len(token)+len(tail)), 16)
	data = append(append(data, "\r\n"...), head...)
	return append(append(append(data, token...), tail...), "\r\n"...)
}

func appendEnding(data []byte) []byte {
	const ending = eventHead + `{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	return fmt.Appendf(data, "%x\r\n%s\r\n0\r\n\r\n", len(ending), ending)
}
