// What Argo CD decides about objects without asking a cluster, behind one long-running process.
//
// Requests and replies are frames on standard input and output: a length as four bytes, big endian, then that many
// bytes. A request is a line with a mode, then a JSON document. A reply is `+` and a JSON document, `-` and the text of
// an error, or `!` and the text of a panic.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/go-logr/logr"
	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/klog/v2"
)

// mode answers one request: it is given the document and gives what is to be written as JSON.
type mode func(document []byte) (any, error)

// modes is filled by the files of this program.
var modes = map[string]mode{}

// object reads one Kubernetes object with whole numbers as int64, as everything in Argo CD has them.
func object(raw json.RawMessage) (*unstructured.Unstructured, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	read := &unstructured.Unstructured{}
	// Objects without a kind are asked about too, which the scheme's decoder refuses.
	decoded, err := decode(raw)
	if err != nil {
		return nil, err
	}
	read.Object = decoded
	return read, nil
}

func answer(request []byte) (reply []byte) {
	defer func() {
		if problem := recover(); problem != nil {
			reply = []byte(fmt.Sprintf("!%v", problem))
		}
	}()
	name, document, found := bytes.Cut(request, []byte("\n"))
	if !found {
		return []byte("!request without a mode line")
	}
	run, known := modes[string(name)]
	if !known {
		return []byte("!unknown mode " + string(name))
	}
	result, err := run(document)
	if err != nil {
		return []byte("-" + err.Error())
	}
	written, err := json.Marshal(result)
	if err != nil {
		return []byte("-" + err.Error())
	}
	return append([]byte("+"), written...)
}

func main() {
	klog.SetLogger(logr.Discard())
	logrus.SetOutput(io.Discard)
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
		if _, err := out.Write(head[:]); err == nil {
			_, err = out.Write(reply)
			if err == nil {
				err = out.Flush()
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
}
