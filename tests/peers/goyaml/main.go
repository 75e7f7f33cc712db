// The Go libraries whose behaviour lockstep has to equal, behind one long-running process.
//
// Requests and replies are frames on standard input and output: a length as four bytes, big endian, then that many
// bytes. A request is a line with a mode and its settings (`emit3 indent=4 compact=1`), then the payload as it is. A
// reply is `+` and the result, `-` and the text of an error, or `!` and the text of a panic.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// settings are the words after the mode, `name=value`.
type settings map[string]string

func (s settings) number(name string, otherwise int) int {
	if n, err := strconv.Atoi(s[name]); err == nil {
		return n
	}
	return otherwise
}

func (s settings) is(name string) bool { return s[name] == "1" }

// mode answers one request.
type mode func(s settings, payload []byte) ([]byte, error)

// modes is filled by the files of this program.
var modes = map[string]mode{}

func answer(request []byte) (reply []byte) {
	defer func() {
		if problem := recover(); problem != nil {
			reply = []byte(fmt.Sprintf("!%v", problem))
		}
	}()
	line, payload, found := bytes.Cut(request, []byte("\n"))
	words := strings.Fields(string(line))
	if !found || len(words) == 0 {
		return []byte("!request without a mode line")
	}
	run, known := modes[words[0]]
	if !known {
		return []byte("!unknown mode " + words[0])
	}
	s := settings{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		s[name] = value
	}
	result, err := run(s, payload)
	if err != nil {
		return []byte("-" + err.Error())
	}
	return append([]byte("+"), result...)
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for {
		var head [4]byte
		if _, err := io.ReadFull(in, head[:]); err == io.EOF {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		request := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(in, request); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		reply := answer(request)
		binary.BigEndian.PutUint32(head[:], uint32(len(reply)))
		out.Write(head[:])
		out.Write(reply)
		if err := out.Flush(); err != nil {
			os.Exit(1)
		}
	}
}
