// Command sprig runs Go templates with the sprig functions, as the SealedSecrets controller does, for comparison.
//
// Each line of standard input is a JSON object {"text": base64, "data": {key: base64}, "values": any}: a template and
// its data, as a map of strings, or as any JSON value where "values" is present. Each line of standard output is the
// answer: {"out": base64} or {"parse": error} or {"exec": error}. With the argument "list" it prints the functions.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

type question struct {
	Text   []byte            `json:"text"`
	Data   map[string][]byte `json:"data"`
	Values any               `json:"values"`
}

type answer struct {
	Out   []byte `json:"out"`
	Parse string `json:"parse,omitempty"`
	Exec  string `json:"exec,omitempty"`
}

func run(functions template.FuncMap, asked question) (result answer) {
	var data any
	if asked.Values != nil {
		data = asked.Values
	} else {
		texts := map[string]string{}
		for key, value := range asked.Data {
			texts[key] = string(value)
		}
		data = texts
	}
	parsed, err := template.New("t").Funcs(functions).Parse(string(asked.Text))
	if err != nil {
		return answer{Parse: err.Error()}
	}
	var out bytes.Buffer
	defer func() {
		if panicked := recover(); panicked != nil {
			result = answer{Exec: fmt.Sprint("panic: ", panicked)}
		}
	}()
	if err := parsed.Execute(&out, data); err != nil {
		return answer{Exec: err.Error()}
	}
	return answer{Out: out.Bytes()}
}

func main() {
	functions := template.FuncMap(sprig.GenericFuncMap())
	if len(os.Args) > 1 && os.Args[1] == "list" {
		names := []string{}
		for name := range functions {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Println(name)
		}
		return
	}
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(functions, name)
	}
	input := bufio.NewReader(os.Stdin)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	decoder := json.NewDecoder(input)
	encoder := json.NewEncoder(output)
	for decoder.More() {
		var asked question
		if err := decoder.Decode(&asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if err := encoder.Encode(run(functions, asked)); err != nil {
			os.Exit(2)
		}
		output.Flush()
	}
}
