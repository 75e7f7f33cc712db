package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"go.yaml.in/yaml/v3"
)

// Modes on yaml.Node trees:
//
//	node               YAML text to a list of documents, as JSON
//	emit3              YAML text to YAML text, through nodes; settings indent, compact
//	emitnode           what `node` gives, to YAML text; settings as emit3
//	encode             a described value to the one node that Node.Encode makes of it, as JSON
func init() {
	modes["node"] = func(_ settings, payload []byte) ([]byte, error) {
		documents, err := decodeNodes(payload)
		if err != nil {
			return nil, err
		}
		dump := []*dumpedNode{}
		for _, document := range documents {
			dump = append(dump, dumpNode(document))
		}
		return encodeJSON(dump)
	}
	modes["emit3"] = func(s settings, payload []byte) ([]byte, error) {
		documents, err := decodeNodes(payload)
		if err != nil {
			return nil, err
		}
		return emitNodes(s, documents)
	}
	modes["emitnode"] = func(s settings, payload []byte) ([]byte, error) {
		var dump []*dumpedNode
		if err := json.Unmarshal(payload, &dump); err != nil {
			panic(err)
		}
		var documents []*yaml.Node
		for _, document := range dump {
			documents = append(documents, loadNode(document))
		}
		return emitNodes(s, documents)
	}
	modes["encode"] = func(_ settings, payload []byte) ([]byte, error) {
		var node yaml.Node
		if err := node.Encode(loadValue(payload, stringKeys)); err != nil {
			return nil, err
		}
		return encodeJSON(dumpNode(&node))
	}
}

func decodeNodes(text []byte) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var documents []*yaml.Node
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		documents = append(documents, &node)
	}
}

func encoderFor(s settings, out io.Writer) *yaml.Encoder {
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(s.number("indent", 4))
	if s.is("compact") {
		encoder.CompactSeqIndent()
	}
	return encoder
}

func emitNodes(s settings, documents []*yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := encoderFor(s, &out)
	for _, document := range documents {
		if err := encoder.Encode(document); err != nil {
			return nil, err
		}
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// dumpedNode is the JSON shape of a node; absent members are empty or zero.
type dumpedNode struct {
	Kind    string        `json:"kind"`
	Tag     string        `json:"tag,omitempty"`
	Style   []string      `json:"style,omitempty"`
	Value   string        `json:"value,omitempty"`
	Anchor  string        `json:"anchor,omitempty"`
	Line    int           `json:"line,omitempty"`
	Column  int           `json:"column,omitempty"`
	Head    string        `json:"head,omitempty"`
	Inline  string        `json:"inline,omitempty"`
	Foot    string        `json:"foot,omitempty"`
	Content []*dumpedNode `json:"content,omitempty"`
}

var kinds = map[yaml.Kind]string{
	yaml.DocumentNode: "document",
	yaml.SequenceNode: "sequence",
	yaml.MappingNode:  "mapping",
	yaml.ScalarNode:   "scalar",
	yaml.AliasNode:    "alias",
}

var styles = []struct {
	style yaml.Style
	name  string
}{
	{yaml.TaggedStyle, "tagged"},
	{yaml.DoubleQuotedStyle, "double"},
	{yaml.SingleQuotedStyle, "single"},
	{yaml.LiteralStyle, "literal"},
	{yaml.FoldedStyle, "folded"},
	{yaml.FlowStyle, "flow"},
}

func dumpNode(node *yaml.Node) *dumpedNode {
	dump := &dumpedNode{
		Kind:   kinds[node.Kind],
		Value:  node.Value,
		Anchor: node.Anchor,
		Line:   node.Line,
		Column: node.Column,
		Head:   node.HeadComment,
		Inline: node.LineComment,
		Foot:   node.FootComment,
	}
	if node.Kind != yaml.DocumentNode && node.Kind != yaml.AliasNode {
		dump.Tag = node.ShortTag()
	}
	for _, s := range styles {
		if node.Style&s.style != 0 {
			dump.Style = append(dump.Style, s.name)
		}
	}
	for _, child := range node.Content {
		dump.Content = append(dump.Content, dumpNode(child))
	}
	return dump
}

func loadNode(dump *dumpedNode) *yaml.Node {
	node := &yaml.Node{
		Tag:         dump.Tag,
		Value:       dump.Value,
		Anchor:      dump.Anchor,
		HeadComment: dump.Head,
		LineComment: dump.Inline,
		FootComment: dump.Foot,
	}
	for kind, name := range kinds {
		if name == dump.Kind {
			node.Kind = kind
		}
	}
	for _, name := range dump.Style {
		for _, s := range styles {
			if s.name == name {
				node.Style |= s.style
			}
		}
	}
	for _, child := range dump.Content {
		node.Content = append(node.Content, loadNode(child))
	}
	return node
}

// encodeJSON is the plain JSON of this program's own replies.
func encodeJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return out.Bytes(), err
}
