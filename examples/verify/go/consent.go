package main

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Deepest nesting of a text that is read: where parsers give up differs.
const maxNesting = 16

// Half of a UTF-16 pair, escaped: readers differ on what it is.
var surrogate = regexp.MustCompile(`\\u[dD][89a-fA-F]`)

// A string of a JSON text, and the colon behind it where it names a member.
var stringOrName = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(\s*:)?`)

// hasPrivateName tells whether a member of a JSON text has a name that some parsers keep for themselves.
func hasPrivateName(text []byte) bool {
	for _, at := range stringOrName.FindAllSubmatchIndex(text, -1) {
		if at[2] < 0 {
			continue
		}
		var name string
		if json.Unmarshal(text[at[0]:at[2]], &name) == nil && strings.HasPrefix(name, "$serde_json::private") {
			return true
		}
	}
	return false
}

// parse reads JSON; nil where readers may differ on it.
func parse(text []byte) (v interface{}) {
	if !utf8.Valid(text) || surrogate.Match(text) || hasPrivateName(text) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil || depth(v) > maxNesting {
		return nil
	}
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	return v
}

func depth(v interface{}) (n int) {
	var inner []interface{}
	switch v := v.(type) {
	case []interface{}:
		inner = v
	case map[string]interface{}:
		for _, one := range v {
			inner = append(inner, one)
		}
	default:
		return 0
	}
	for _, one := range inner {
		if d := depth(one); d > n {
			n = d
		}
	}
	return n + 1
}

// readStatus gives where a consent from elsewhere stands, as it says.
func readStatus(text []byte) (status string, ok bool) {
	m, _ := parse(text).(map[string]interface{})
	status, ok = m["status"].(string)
	return status, ok
}
