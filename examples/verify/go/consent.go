package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	// Deepest nesting of a text that is read: where parsers give up differs.
	maxNesting     = 16
	parentURL      = "https://healthspace.invalid/fhir/StructureDefinition/consent-parent"
	delegationURL  = "https://healthspace.invalid/fhir/StructureDefinition/consent-delegation"
	categorySystem = "https://healthspace.invalid/fhir/CodeSystem/category"
)

// Half of a UTF-16 pair, escaped: readers differ on what it is.
var surrogate = regexp.MustCompile(`\\u[dD][89a-fA-F]`)
var uuid = regexp.MustCompile(`\Aurn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z`)

// consentText is what the text of a consent says, as far as a claim rests on it.
type consentText struct {
	recipient    string
	hasRecipient bool
	// alone says that it was passed on under no other grant, parent under which it was.
	alone     bool
	parent    string
	mayPassOn bool
	// nil where they are not told.
	categories map[string]bool
	status     string
	hasStatus  bool
}

// parse reads JSON; nil where readers may differ on it.
func parse(text []byte) (v interface{}) {
	if !utf8.Valid(text) || surrogate.Match(text) {
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

// member gives what stands at the end of a path, nil where nothing does.
func member(v interface{}, names ...string) interface{} {
	for _, name := range names {
		m, _ := v.(map[string]interface{})
		v = m[name]
	}
	return v
}

func single(v interface{}) interface{} {
	if list, ok := v.([]interface{}); ok && len(list) == 1 {
		return list[0]
	}
	return nil
}

func readText(text []byte) (t consentText) {
	v := parse(text)
	actor := single(member(v, "provision", "actor"))
	t.recipient, t.hasRecipient = member(actor, "reference", "identifier", "value").(string)
	t.status, t.hasStatus = member(v, "status").(string)
	nested, ok := single(member(v, "provision", "provision")).(map[string]interface{})
	if !ok {
		return t
	}
	t.alone, t.parent = readParent(nested)
	extensions, _ := nested["extension"].([]interface{})
	for _, e := range extensions {
		if member(e, "url") == delegationURL && member(e, "valueBoolean") == true {
			t.mayPassOn = true
		}
	}
	if classes, ok := nested["class"].([]interface{}); ok {
		t.categories = readCategories(classes)
	}
	return t
}

// readParent tells whether a grant rests on no other, and else on which; neither where it is not said.
func readParent(nested map[string]interface{}) (alone bool, parent string) {
	v, ok := nested["modifierExtension"]
	if !ok {
		return true, ""
	}
	modifiers, ok := v.([]interface{})
	if !ok {
		return false, ""
	}
	var found []interface{}
	for _, m := range modifiers {
		url, ok := member(m, "url").(string)
		if !ok {
			return false, ""
		}
		if url == parentURL {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return true, ""
	}
	name, _ := member(single(found), "valueUri").(string)
	if !uuid.MatchString(name) {
		return false, ""
	}
	id, _ := hex.DecodeString(strings.ReplaceAll(name[len("urn:uuid:"):], "-", ""))
	return false, string(id)
}

func readCategories(classes []interface{}) map[string]bool {
	codes := map[string]bool{}
	for _, c := range classes {
		code, ok := member(c, "code").(string)
		if !ok || member(c, "system") != categorySystem {
			return nil
		}
		codes[code] = true
	}
	return codes
}
