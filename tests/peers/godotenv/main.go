// Command godotenv reads environment files with the library that KSOPS reads them with, for comparison.
//
// Each line of standard input is a JSON string in base64: an environment file. Each line of standard output is the
// answer: {"out": {name: value}}, names and values in base64, or {"error": text}.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"

	"github.com/joho/godotenv"
)

type answer struct {
	Out   map[string][]byte `json:"out,omitempty"`
	Error string            `json:"error,omitempty"`
}

func read(text []byte) (result answer) {
	variables, err := godotenv.Unmarshal(string(text))
	if err != nil {
		return answer{Error: err.Error()}
	}
	out := map[string][]byte{}
	for name, value := range variables {
		out[base64.StdEncoding.EncodeToString([]byte(name))] = []byte(value)
	}
	return answer{Out: out}
}

func main() {
	questions := bufio.NewScanner(os.Stdin)
	questions.Buffer(nil, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for questions.Scan() {
		var text []byte
		if err := json.Unmarshal(questions.Bytes(), &text); err != nil {
			panic(err)
		}
		if err := answers.Encode(read(text)); err != nil {
			panic(err)
		}
	}
}
