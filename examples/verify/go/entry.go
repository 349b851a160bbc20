package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"
)

// What entries say, by the tables of core/docs/format.md: an event that is in the table is read wholly or
// refused; another one is of a later version and is counted.

const (
	eventCreated   = 3
	eventGranted   = 4
	eventWithdrawn = 5
	eventReleased  = 8
	eventClock     = 14
	eventImported  = 18
	eventRenewed   = 28
	eventGlass     = 29
	eventRecovered = 37
	eventConfirmed = 38
	eventRestored  = 44
	eventNamed     = 50

	maxBody  = 32 << 10
	maxField = 256
	maxList  = 256
)

// By number: what is told of it, and the types of its fields from 1 on; "?" may be null.
var events = map[uint64]struct{ told, types string }{
	1:  {"the space was created", ""},
	2:  {"a log was begun", "id head?"},
	3:  {"a partition was created", "id u16 partition"},
	4:  {"a permission was given", "id hash hash text gesture purpose time?"},
	5:  {"a permission was withdrawn", "id gesture?"},
	6:  {"a file was imported", "hash uint uint uint uint"},
	7:  {"an import was discarded", "hash uint"},
	8:  {"data was released", "purpose ids recipient hash uint hash head label kind categories"},
	9:  {"a request was refused", "purpose recipient"},
	10: {"a memory was stored", "id uint label"},
	11: {"a flow was stopped", "label id? purpose? recipient?"},
	12: {"a label was lowered", "id id label label gesture"},
	13: {"the subject was recorded", "hash"},
	14: {"the clock was confirmed", "time gesture"},
	15: {"a conversation's label was saved", "id label"},
	16: {"the subject was confirmed", "hash hash"},
	17: {"an original was handed to the person", "hash uint gesture"},
	18: {"a consent from elsewhere was filed", "id uint hash gesture"},
	19: {"the person vouched for a text", "id? label label gesture"},
	20: {"a memory was edited", "id id label gesture"},
	21: {"a memory was deleted", "id uint gesture"},
	22: {"a memory was kept", "id label gesture"},
	23: {"memories were set aside", "uint"},
	24: {"a turn of a conversation was stored", "id id label"},
	25: {"what may flow into a partition was changed", "id label label gesture?"},
	26: {"a recipient was told of a withdrawal", "id recipient gesture"},
	27: {"a recipient confirmed a withdrawal", "id recipient gesture"},
	28: {"a permission was renewed", "id uint hash hash text gesture time"},
	29: {"emergency access began", "ids recipient hash time gesture?"},
	30: {"the notice of an emergency access was seen", "uint gesture"},
	31: {"a way in was added", "id uint ids"},
	32: {"a way in was changed", "id uint id"},
	33: {"a way in was removed", "id uint"},
	34: {"the recovery code was typed again", "id"},
	35: {"the log was given a new key", "uint hash"},
	36: {"the log went on under its new key", "head hash signature signature"},
	37: {"the space went on without its anchor", "uint gesture"},
	38: {"a permission that waited was confirmed", "id gesture"},
	40: {"records were erased", "text uint uint uint uint uint hash gesture"},
	41: {"nothing of an erasure is left in the file", "uint text"},
	42: {"a backup was begun", "id marks"},
	43: {"a backup was not finished", "id"},
	44: {"the space was made from a backup", "id? text uint gesture"},
	45: {"what entries said was erased", "uints gesture"},
	46: {"what was erased was to be taken from older copies", "uint heads gesture"},
	47: {"the secret of older keys was destroyed", "uint uint text text hash uint?"},
	48: {"an erasure was checked", "uint text uint uint"},
	49: {"the person said something", "id label gesture"},
	50: {"the log of a partition was named", "id u16 partition text"},
}

type entry struct {
	number uint64
	time   int64
	known  bool
	// Of events 3, 4, 5, 8, 18, 28, 29, 38 and 50 alone.
	created   *created
	named     *named
	granted   *granted
	imported  *imported
	renewed   *granted
	withdrawn string
	confirmed string
	released  *released
	glass     *glass
}

// granted is what the entries of a grant say, by which it was given or renewed.
type granted struct {
	grant       string
	version     uint64
	consentHash []byte
	noticeHash  []byte
	locale      string
	purpose     string
	expires     *int64
	// Where the version in force was filed, and the times of both entries.
	filed          int64
	given, updated int64
	// Whether the consent was given elsewhere: then its entry says no terms.
	elsewhere bool
	// The version before.
	before *granted
}

type imported struct {
	grant       string
	version     uint64
	consentHash []byte
}

type created struct {
	scope   string
	ordinal uint64
	kind    string
}

// named is which partition a log is of.
type named struct {
	created
	origin string
}

// recipient is what somebody is, and what they are called.
type recipient struct{ kind, name string }

func (r recipient) String() string { return fmt.Sprintf("%q (%s)", r.name, r.kind) }

type glass struct {
	grants map[string]bool
	actor  recipient
	until  int64
}

type released struct {
	purpose   string
	grants    []string
	actor     recipient
	count     uint64
	itemsRoot tlog.Hash
	system    prefix
	// Of its label.
	confidentiality, origins, obligations uint64
	kind                                  uint64
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
	body, ok := f[3].([]byte)
	if !ok || len(body) > maxBody {
		return e, errCBOR
	}
	about, ok := events[e.number]
	if !ok {
		return e, nil
	}
	e.known = true
	f, err = parseFields(body, strings.Fields(about.types))
	if err != nil {
		return e, err
	}
	return e, e.keep(f)
}

// parseFields reads the map of an event's fields, each of its type.
func parseFields(b []byte, types []string) ([]interface{}, error) {
	v, err := decode(b)
	if err != nil {
		return nil, err
	}
	keys := make([]uint64, len(types))
	for i := range keys {
		keys[i] = uint64(i + 1)
	}
	f, err := fields(v, keys...)
	if err != nil {
		return nil, err
	}
	for i, t := range types {
		if f[i] == nil && strings.HasSuffix(t, "?") {
			continue
		}
		if !isOf(f[i], strings.TrimSuffix(t, "?")) {
			return nil, errCBOR
		}
	}
	return f, nil
}

// isOf tells whether a value is of a type of the table.
func isOf(v interface{}, t string) bool {
	switch t {
	case "id":
		_, err := fixed(v, 16)
		return err == nil
	case "hash":
		_, err := fixed(v, 32)
		return err == nil
	case "text":
		s, ok := v.(string)
		return ok && isShown(s)
	case "recipient":
		return isList(v, "what", "text")
	case "what":
		s, ok := v.(string)
		return ok && place(recipientKinds, s) >= 0
	case "partition":
		return v == healthPartition || v == generalPartition
	case "purpose":
		s, ok := v.(string)
		return ok && isPurpose(s)
	case "uint":
		return below(v, 1<<64-1)
	case "u16":
		return below(v, 1<<16-1)
	case "kind":
		return below(v, 5)
	case "time":
		_, err := millis(v)
		return err == nil
	case "gesture":
		return isList(v, "text", "hash")
	case "head":
		return isList(v, "text", "uint", "hash")
	case "mark":
		return isList(v, "id", "uint", "hash")
	case "signature":
		_, err := fixed(v, 64)
		return err == nil
	case "ids", "uints", "heads", "marks":
		a, ok := v.(array)
		return ok && len(a) <= maxList && all(a, strings.TrimSuffix(t, "s"))
	case "categories":
		a, ok := v.(array)
		last := ""
		for _, c := range a {
			code, isText := c.(string)
			if !isText || code <= last || place(categoryCodes, code) < 0 {
				return false
			}
			last = code
		}
		return ok
	case "label":
		a, ok := v.(array)
		bounds := []uint64{5, 1<<32 - 1, 1<<64 - 1, 1<<64 - 1, 1<<32 - 1, 3}
		if !ok || len(a) != len(bounds) {
			return false
		}
		for i, most := range bounds {
			if !below(a[i], most) {
				return false
			}
		}
		return true
	}
	return false
}

// below tells whether a value is a number up to a bound.
func below(v interface{}, most uint64) bool {
	n, ok := v.(uint64)
	return ok && n <= most
}

func all(a array, t string) bool {
	for _, v := range a {
		if !isOf(v, t) {
			return false
		}
	}
	return true
}

func isList(v interface{}, types ...string) bool {
	a, ok := v.(array)
	if !ok || len(a) != len(types) {
		return false
	}
	for i, t := range types {
		if !isOf(a[i], t) {
			return false
		}
	}
	return true
}

// isShown tells whether an entry can hold a text: a person sees all of it.
func isShown(s string) bool {
	for _, c := range s {
		switch {
		case unicode.IsControl(c), c == 0xad, c == 0x34f, c == 0x61c, c == 0x115f, c == 0x1160,
			c == 0x17b4, c == 0x17b5, c >= 0x180b && c <= 0x180f, c >= 0x200b && c <= 0x200f,
			c >= 0x2028 && c <= 0x202e, c >= 0x2060 && c <= 0x206f, c == 0x2800, c == 0x3164,
			c >= 0xfe00 && c <= 0xfe0f, c == 0xfeff, c == 0xffa0, c >= 0xfff0 && c <= 0xfff8,
			c >= 0xe0000 && c <= 0xe0fff:
			return false
		}
	}
	return s != "" && len(s) <= maxField && utf8.ValidString(s)
}

// keep takes what evidence rests on out of fields that were checked.
func (e *entry) keep(f []interface{}) error {
	bytesOf := func(i int) []byte { b, _ := f[i].([]byte); return b }
	textOf := func(i int) string { s, _ := f[i].(string); return s }
	uintOf := func(i int) uint64 { n, _ := f[i].(uint64); return n }
	whomOf := func(i int) recipient {
		a := f[i].(array)
		return recipient{a[0].(string), a[1].(string)}
	}
	timeOf := func(i int) *int64 {
		ms, err := millis(f[i])
		if err != nil {
			return nil
		}
		return &ms
	}
	switch e.number {
	case eventCreated:
		e.created = &created{string(bytesOf(0)), uintOf(1), textOf(2)}
	case eventNamed:
		e.named = &named{created{string(bytesOf(0)), uintOf(1), textOf(2)}, textOf(3)}
	case eventGranted:
		e.granted = &granted{grant: string(bytesOf(0)), version: 1, consentHash: bytesOf(1), noticeHash: bytesOf(2),
			locale: textOf(3), purpose: textOf(5), expires: timeOf(6), given: e.time, updated: e.time}
	case eventRenewed:
		e.renewed = &granted{grant: string(bytesOf(0)), version: uintOf(1), consentHash: bytesOf(2), noticeHash: bytesOf(3),
			locale: textOf(4), expires: timeOf(6)}
	case eventWithdrawn:
		e.withdrawn = string(bytesOf(0))
	case eventConfirmed:
		e.confirmed = string(bytesOf(0))
	case eventImported:
		e.imported = &imported{string(bytesOf(0)), uintOf(1), bytesOf(2)}
	case eventGlass:
		e.glass = &glass{map[string]bool{}, whomOf(1), *timeOf(3)}
		for _, g := range f[0].(array) {
			e.glass.grants[string(g.([]byte))] = true
		}
	case eventReleased:
		r := &released{purpose: textOf(0), actor: whomOf(2), count: uintOf(4), kind: uintOf(8)}
		for _, g := range f[1].(array) {
			r.grants = append(r.grants, string(g.([]byte)))
		}
		for _, c := range f[9].(array) {
			r.categories = append(r.categories, c.(string))
		}
		label := f[7].(array)
		r.confidentiality, r.origins, r.obligations = label[0].(uint64), label[2].(uint64), label[4].(uint64)
		head := f[6].(array)
		var err error
		if r.system.size, err = size(head[1]); err != nil {
			return err
		}
		r.system.origin = head[0].(string)
		copy(r.itemsRoot[:], bytesOf(5))
		copy(r.system.root[:], head[2].([]byte))
		e.released = r
	}
	return nil
}

func when(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// told says in which form it was released, how many, to whom and what for.
func (r *released) told() string {
	return fmt.Sprintf(forms[r.kind], r.count, r.actor) + " for " + r.purpose
}

// describe says in one line what an entry says.
func describe(b []byte) string {
	e, err := parseEntry(b)
	if err != nil {
		return "an entry that this program cannot read"
	}
	what := fmt.Sprintf("event %d", e.number)
	if about, ok := events[e.number]; ok {
		what = about.told
	}
	if r := e.released; r != nil {
		what += ": " + r.told()
	}
	if g := e.granted; g != nil {
		what += " for " + g.purpose
	}
	return when(e.time) + " " + what
}
