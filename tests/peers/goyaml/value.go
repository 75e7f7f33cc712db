package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"time"
	"unicode/utf8"

	yaml2 "go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

// Modes on values. A described value is a JSON list of a type and a text or parts:
//
//	["null"] ["bool","true"] ["int","1"] ["uint","1"] ["float","3ff0000000000000"] ["str","x"] ["bytes","base64"]
//	["time","RFC 3339"] ["seq",[...]] ["map",[[key,value],...]]
//
//	v3json             every document of a text decoded by go-yaml v3 into interface{}, described
//	v2json             the first document decoded by go-yaml v2 into interface{}, described; setting strict
//	emitvalue          a described value through the v3 Encoder; settings indent, compact
//	emitvalue2         a described value through go-yaml v2's Marshal
//	sigs               YAMLToJSON; setting strict
//	sigsemit           JSONToYAML
//	gojson             JSON text decoded (setting number: with UseNumber) and encoded again; settings indent (a number
//	                   of blanks, or `tab`), html
//	jsontokens         JSON text as a described value, duplicate keys and order kept, numbers as their text
//	jsonvalue          a described value through encoding/json
//	float              the bits of a float (hex) in the formats g64 g32 f64 f32 json yaml, one a line
//	resolve            a scalar's text as go-yaml v3 decodes it; settings tag, quoted: its tag and described value
//	rfc3339            a text as Go reads it as RFC 3339, with its fraction and without
func init() {
	modes["v3json"] = func(_ settings, payload []byte) ([]byte, error) {
		decoder := yaml3.NewDecoder(bytes.NewReader(payload))
		documents := []any{}
		for {
			var value any
			err := decoder.Decode(&value)
			if errors.Is(err, io.EOF) {
				return encodeJSON(documents)
			}
			if err != nil {
				return nil, err
			}
			documents = append(documents, describe(value))
		}
	}
	modes["v2json"] = func(s settings, payload []byte) ([]byte, error) {
		var value any
		decode := yaml2.Unmarshal
		if s.is("strict") {
			decode = yaml2.UnmarshalStrict
		}
		if err := decode(payload, &value); err != nil {
			return nil, err
		}
		return encodeJSON(describe(value))
	}
	modes["emitvalue"] = func(s settings, payload []byte) ([]byte, error) {
		var out bytes.Buffer
		encoder := encoderFor(s, &out)
		if err := encoder.Encode(loadValue(payload, stringKeys)); err != nil {
			return nil, err
		}
		err := encoder.Close()
		return out.Bytes(), err
	}
	modes["emitvalue2"] = func(_ settings, payload []byte) ([]byte, error) {
		return yaml2.Marshal(loadValue(payload, anyKeys))
	}
	modes["sigs"] = func(s settings, payload []byte) ([]byte, error) {
		if s.is("strict") {
			return sigs.YAMLToJSONStrict(payload)
		}
		return sigs.YAMLToJSON(payload)
	}
	modes["sigsemit"] = func(_ settings, payload []byte) ([]byte, error) { return sigs.JSONToYAML(payload) }
	modes["gojson"] = func(s settings, payload []byte) ([]byte, error) {
		decoder := json.NewDecoder(bytes.NewReader(payload))
		if s.is("number") {
			decoder.UseNumber()
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if _, err := decoder.Token(); err != io.EOF {
			return nil, errors.New("text after the value")
		}
		return writeJSON(s, value)
	}
	modes["jsontokens"] = func(_ settings, payload []byte) ([]byte, error) {
		// Token alone accepts what Decode refuses, so the text is checked first.
		if !json.Valid(payload) {
			var value any
			return nil, json.Unmarshal(payload, &value)
		}
		decoder := json.NewDecoder(bytes.NewReader(payload))
		decoder.UseNumber()
		value, err := readTokens(decoder)
		if err != nil {
			return nil, err
		}
		return encodeJSON(value)
	}
	modes["jsonvalue"] = func(s settings, payload []byte) ([]byte, error) {
		return writeJSON(s, loadValue(payload, stringKeys))
	}
	modes["float"] = func(_ settings, payload []byte) ([]byte, error) {
		bits, err := strconv.ParseUint(string(payload), 16, 64)
		if err != nil {
			return nil, err
		}
		f := math.Float64frombits(bits)
		asJSON, _ := json.Marshal(f)
		asYAML, err := yaml3.Marshal(f)
		return []byte(fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n%s",
			strconv.FormatFloat(f, 'g', -1, 64), strconv.FormatFloat(f, 'g', -1, 32),
			strconv.FormatFloat(f, 'f', -1, 64), strconv.FormatFloat(f, 'f', -1, 32), asJSON, asYAML)), err
	}
	modes["resolve"] = func(s settings, payload []byte) ([]byte, error) {
		node := yaml3.Node{Kind: yaml3.ScalarNode, Tag: s["tag"], Value: string(payload)}
		if s.is("quoted") {
			node.Style = yaml3.DoubleQuotedStyle
		}
		var value any
		if err := node.Decode(&value); err != nil {
			return nil, err
		}
		return encodeJSON(map[string]any{"tag": node.ShortTag(), "value": describe(value)})
	}
	modes["rfc3339"] = func(_ settings, payload []byte) ([]byte, error) {
		t, err := time.Parse(time.RFC3339, string(payload))
		return []byte(t.Format(time.RFC3339Nano) + " " + t.Format(time.RFC3339)), err
	}
}

func writeJSON(s settings, value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(s.is("html"))
	if s["indent"] == "tab" {
		encoder.SetIndent("", "\t")
	} else if n := s.number("indent", 0); n > 0 {
		encoder.SetIndent("", "                "[:n])
	}
	err := encoder.Encode(value)
	return out.Bytes(), err
}

func describe(value any) any {
	switch v := value.(type) {
	case nil:
		return []any{"null"}
	case bool:
		return []any{"bool", strconv.FormatBool(v)}
	case int:
		return []any{"int", strconv.Itoa(v)}
	case int64:
		return []any{"int", strconv.FormatInt(v, 10)}
	case uint64:
		return []any{"uint", strconv.FormatUint(v, 10)}
	case float64:
		return []any{"float", fmt.Sprintf("%016x", math.Float64bits(v))}
	case json.Number:
		return []any{"number", v.String()}
	case string:
		if !utf8.ValidString(v) {
			return []any{"bytes", base64.StdEncoding.EncodeToString([]byte(v))}
		}
		return []any{"str", v}
	case time.Time:
		return []any{"time", v.Format(time.RFC3339Nano)}
	case []any:
		items := []any{}
		for _, item := range v {
			items = append(items, describe(item))
		}
		return []any{"seq", items}
	case map[string]any:
		entries := [][2]any{}
		for key, item := range v {
			entries = append(entries, [2]any{describe(key), describe(item)})
		}
		return []any{"map", sorted(entries)}
	case map[any]any:
		entries := [][2]any{}
		for key, item := range v {
			entries = append(entries, [2]any{describe(key), describe(item)})
		}
		return []any{"map", sorted(entries)}
	default:
		panic(fmt.Sprintf("no description for %T", value))
	}
}

// sorted orders entries by the JSON text of their keys, since Go's maps have no order.
func sorted(entries [][2]any) [][2]any {
	text := func(entry [2]any) string {
		encoded, err := encodeJSON(entry[0])
		if err != nil {
			panic(err)
		}
		return string(encoded)
	}
	sort.Slice(entries, func(i, j int) bool { return text(entries[i]) < text(entries[j]) })
	return entries
}

type keyKind bool

const (
	stringKeys keyKind = true
	anyKeys    keyKind = false
)

func loadValue(payload []byte, keys keyKind) any {
	var described []any
	if err := json.Unmarshal(payload, &described); err != nil {
		panic(err)
	}
	return load(described, keys)
}

func load(described []any, keys keyKind) any {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	text := func() string { return described[1].(string) }
	switch described[0] {
	case "null":
		return nil
	case "bool":
		return text() == "true"
	case "int":
		n, err := strconv.ParseInt(text(), 10, 64)
		must(err)
		return n
	case "uint":
		n, err := strconv.ParseUint(text(), 10, 64)
		must(err)
		return n
	case "float":
		n, err := strconv.ParseUint(text(), 16, 64)
		must(err)
		return math.Float64frombits(n)
	case "number":
		return json.Number(text())
	case "str":
		return text()
	case "bytes":
		decoded, err := base64.StdEncoding.DecodeString(text())
		must(err)
		return string(decoded)
	case "time":
		t, err := time.Parse(time.RFC3339Nano, text())
		must(err)
		return t
	case "seq":
		items := []any{}
		for _, item := range described[1].([]any) {
			items = append(items, load(item.([]any), keys))
		}
		return items
	case "map":
		named := map[string]any{}
		general := map[any]any{}
		onlyNames := true
		for _, entry := range described[1].([]any) {
			parts := entry.([]any)
			key := load(parts[0].([]any), keys)
			value := load(parts[1].([]any), keys)
			if name, ok := key.(string); ok {
				named[name] = value
			} else {
				onlyNames = false
			}
			general[key] = value
		}
		if keys == stringKeys && onlyNames {
			return named
		}
		return general
	}
	panic(fmt.Sprintf("unknown type %v", described[0]))
}

func readTokens(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		items := []any{}
		for decoder.More() {
			item, err := readTokens(decoder)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		_, err := decoder.Token()
		return []any{"seq", items}, err
	case json.Delim('{'):
		entries := [][2]any{}
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value, err := readTokens(decoder)
			if err != nil {
				return nil, err
			}
			entries = append(entries, [2]any{describe(key), value})
		}
		_, err := decoder.Token()
		return []any{"map", entries}, err
	}
	return describe(token), nil
}
