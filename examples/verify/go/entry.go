package main

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// What entries say, as far as evidence rests on it: core/src/audit/event.rs has the whole table.

const (
	eventGranted   = 4
	eventWithdrawn = 5
	eventReleased  = 8
	eventImported  = 18
	eventRenewed   = 28
)

var names = []string{"", "the space was created", "a log was begun", "a partition was created",
	"a permission was given", "a permission was withdrawn", "a file was imported", "an import was discarded",
	"data was released", "a request was refused", "a memory was stored", "a flow was stopped",
	"a label was lowered", "the subject was recorded", "the clock was confirmed",
	"a conversation's label was saved", "the subject was confirmed", "an original was handed to the person",
	"a consent from elsewhere was filed", "the person vouched for a text", "a memory was edited", "a memory was deleted",
	"a memory was kept", "memories were set aside", "a turn of a conversation was stored",
	"what may flow into a partition was changed", "a recipient was told of a withdrawal",
	"a recipient confirmed a withdrawal"}

type entry struct {
	number uint64
	time   int64
	body   []byte
	// Of events 4, 5, 8, 18 and 28 alone.
	granted   *granted
	imported  *imported
	renewed   *granted
	withdrawn string
	released  *released
}

type granted struct {
	grant       string
	consentHash []byte
	purpose     string
	expires     *int64
	// Whether the consent was given elsewhere: then its entry says no terms.
	elsewhere bool
}

type imported struct {
	grant       string
	consentHash []byte
}

type released struct {
	purpose   string
	grants    []string
	actor     string
	count     uint64
	itemsRoot tlog.Hash
	system    prefix
	kind      uint64
	// Ascending, each once.
	categories []string
}

// prefix is a log at an earlier size: what a release says of the system log.
type prefix struct {
	origin string
	size   int64
	root   tlog.Hash
}

func millis(v interface{}) (int64, error) {
	switch n := v.(type) {
	case uint64:
		if n < 1<<63 {
			return int64(n), nil
		}
	case negative:
		return int64(n), nil
	}
	return 0, errCBOR
}

func size(v interface{}) (int64, error) {
	n, ok := v.(uint64)
	if !ok || n >= 1<<63 {
		return 0, errCBOR
	}
	return int64(n), nil
}

func hash(v interface{}) (h tlog.Hash, err error) {
	b, err := fixed(v, len(h))
	copy(h[:], b)
	return h, err
}

func parseEntry(b []byte) (e entry, err error) {
	v, err := decode(b)
	if err != nil {
		return e, err
	}
	f, err := fields(v, 1, 2, 3, 4)
	if err != nil {
		return e, err
	}
	if f[0] != uint64(1) {
		return e, refusal("an entry of a later format")
	}
	var ok bool
	if e.number, ok = f[1].(uint64); !ok {
		return e, errCBOR
	}
	if e.time, err = millis(f[2]); err != nil {
		return e, err
	}
	if e.body, ok = f[3].([]byte); !ok {
		return e, errCBOR
	}
	switch e.number {
	case eventGranted:
		e.granted, err = parseGranted(e.body)
	case eventRenewed:
		e.renewed, err = parseRenewed(e.body)
	case eventWithdrawn:
		e.withdrawn, err = parseWithdrawn(e.body)
	case eventReleased:
		e.released, err = parseReleased(e.body)
	case eventImported:
		e.imported, err = parseImported(e.body)
	}
	return e, err
}

func parseGranted(b []byte) (*granted, error) {
	v, err := decode(b)
	if err != nil {
		return nil, err
	}
	f, err := fields(v, 1, 2, 3, 4, 5, 6, 7)
	if err != nil {
		return nil, err
	}
	var g granted
	id, err := fixed(f[0], 16)
	if err != nil {
		return nil, err
	}
	g.grant = string(id)
	if g.consentHash, err = fixed(f[1], 32); err != nil {
		return nil, err
	}
	var ok bool
	if g.purpose, ok = f[5].(string); !ok || !isCode(g.purpose) {
		return nil, errCBOR
	}
	if f[6] != nil {
		end, err := millis(f[6])
		if err != nil {
			return nil, err
		}
		g.expires = &end
	}
	return &g, nil
}

// parseRenewed reads what a renewal changes: the text of the consent, and its end.
func parseRenewed(b []byte) (*granted, error) {
	v, err := decode(b)
	if err != nil {
		return nil, err
	}
	f, err := fields(v, 1, 2, 3, 4, 5, 6, 7)
	if err != nil {
		return nil, err
	}
	id, err := fixed(f[0], 16)
	if err != nil {
		return nil, err
	}
	hash, err := fixed(f[2], 32)
	if err != nil {
		return nil, err
	}
	end, err := millis(f[6])
	return &granted{grant: string(id), consentHash: hash, expires: &end}, err
}

func parseWithdrawn(b []byte) (string, error) {
	v, err := decode(b)
	if err != nil {
		return "", err
	}
	f, err := fields(v, 1, 2)
	if err != nil {
		return "", err
	}
	id, err := fixed(f[0], 16)
	return string(id), err
}

func parseImported(b []byte) (*imported, error) {
	v, err := decode(b)
	if err != nil {
		return nil, err
	}
	f, err := fields(v, 1, 2, 3, 4)
	if err != nil {
		return nil, err
	}
	id, err := fixed(f[0], 16)
	if err != nil {
		return nil, err
	}
	if _, ok := f[1].(uint64); !ok {
		return nil, errCBOR
	}
	hash, err := fixed(f[2], 32)
	return &imported{string(id), hash}, err
}

func parseReleased(b []byte) (*released, error) {
	v, err := decode(b)
	if err != nil {
		return nil, err
	}
	f, err := fields(v, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	if err != nil {
		return nil, err
	}
	var r released
	var ok bool
	if r.purpose, ok = f[0].(string); !ok || !isCode(r.purpose) {
		return nil, errCBOR
	}
	grants, ok := f[1].(array)
	if !ok {
		return nil, errCBOR
	}
	for _, g := range grants {
		id, err := fixed(g, 16)
		if err != nil {
			return nil, err
		}
		r.grants = append(r.grants, string(id))
	}
	if r.actor, ok = f[2].(string); !ok {
		return nil, errCBOR
	}
	if r.count, ok = f[4].(uint64); !ok {
		return nil, errCBOR
	}
	if r.itemsRoot, err = hash(f[5]); err != nil {
		return nil, err
	}
	system, err := list(f[6], 3)
	if err != nil {
		return nil, err
	}
	if r.system.origin, ok = system[0].(string); !ok {
		return nil, errCBOR
	}
	if r.system.size, err = size(system[1]); err != nil {
		return nil, err
	}
	if r.system.root, err = hash(system[2]); err != nil {
		return nil, err
	}
	if _, err = fixed(f[3], 32); err != nil {
		return nil, err
	}
	if r.kind, ok = f[8].(uint64); !ok || r.kind > 3 {
		return nil, errCBOR
	}
	categories, ok := f[9].(array)
	if !ok {
		return nil, errCBOR
	}
	last := ""
	for _, c := range categories {
		code, ok := c.(string)
		if !ok || code <= last || !isCode(code) {
			return nil, errCBOR
		}
		r.categories, last = append(r.categories, code), code
	}
	return &r, nil
}

// isCode tells whether a text is a code: what is printed as it stands never moves a terminal's cursor.
func isCode(s string) bool {
	for _, c := range s {
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func when(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// describe says in one line what an entry says.
func describe(b []byte) string {
	e, err := parseEntry(b)
	if err != nil {
		return "an entry that this program cannot read"
	}
	what := fmt.Sprintf("event %d", e.number)
	if e.number < uint64(len(names)) && e.number > 0 {
		what = names[e.number]
	}
	if e.number == 45 {
		what = "what entries said was erased"
	}
	if r := e.released; r != nil {
		what = fmt.Sprintf("%d items were released to %q for %s", r.count, r.actor, r.purpose)
	}
	if g := e.granted; g != nil {
		what += " for " + g.purpose
	}
	return when(e.time) + " " + what
}
