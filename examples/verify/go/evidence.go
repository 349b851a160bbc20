package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	header  = "healthspace-evidence/v1"
	maxFile = 64 << 20

	underGrant   = "released under a grant"
	notWithdrawn = "released under a grant that was not withdrawn before"
	ownLook      = "looked at by the person"
	kindCount    = 2
)

// What no file of this kind proves, and what single claims do not: the words are part of the format.
var limits = []string{
	"that everything was entered, or that these are all disclosures",
	"that others are shown the same log",
	"that clock, recipient and gesture were what the host said",
	"what the items say, and that they are of the kinds and dates that a grant names",
	"what the recipient did with them",
}

// shownLog is what a file shows of one log, verified.
type shownLog struct {
	checkpoint
	entries  map[int64]entry
	prefixes map[int64]tlog.Hash
}

// consecutive tells whether all entries from one index up to another are shown.
func (l *shownLog) consecutive(from, to int64) bool {
	for i := from; i < to; i++ {
		if _, ok := l.entries[i]; !ok {
			return false
		}
	}
	return from <= to
}

func (l *shownLog) withdrawn(grant string, before int64) bool {
	for i, e := range l.entries {
		if i < before && e.number == eventWithdrawn && e.withdrawn == grant {
			return true
		}
	}
	return false
}

// given finds where the log, when it had this size, says that a grant was given: -1 where that is not
// shown. Of a consent from elsewhere the entry says no terms, and g is nil.
func (l *shownLog) given(grant string, size int64) (index int64, g *granted, err error) {
	var order []int64
	for i := range l.entries {
		order = append(order, i)
	}
	sort.Slice(order, func(a, b int) bool { return order[a] < order[b] })
	own, imported, withdrawn := 0, false, false
	index = -1
	for _, i := range order {
		e := l.entries[i]
		switch {
		case e.granted != nil && e.granted.grant == grant:
			if own++; i >= size {
				return 0, nil, refusal("released before the grant was given")
			}
			index, g = i, e.granted
		case e.renewed != nil && e.renewed.grant == grant && i < size && g != nil:
			// The same terms under a new end, and the Consent in a new text.
			now := *g
			now.consentHash, now.expires = e.renewed.consentHash, e.renewed.expires
			g = &now
		case e.imported != nil && e.imported.grant == grant:
			imported = true
			if i < size {
				// A newer version that the person filed counts, also after a withdrawal.
				index, withdrawn = i, false
			}
		case e.number == eventWithdrawn && e.withdrawn == grant && i < size:
			withdrawn = true
		}
	}
	if own > 1 || own == 1 && imported {
		return 0, nil, refusal("a grant that was given twice")
	}
	if withdrawn {
		return 0, nil, refusal("released after the grant was withdrawn")
	}
	return index, g, nil
}

// recipient tells for whom a grant of a space is, as its FHIR Consent says, if it does.
func recipient(consent []byte) (string, bool) {
	var v interface{}
	if !utf8.Valid(consent) || json.Unmarshal(consent, &v) != nil {
		return "", false
	}
	member := func(v interface{}, name string) interface{} {
		m, _ := v.(map[string]interface{})
		return m[name]
	}
	actors, _ := member(member(v, "provision"), "actor").([]interface{})
	if len(actors) != 1 {
		return "", false
	}
	who, ok := member(member(member(actors[0], "reference"), "identifier"), "value").(string)
	return who, ok
}

// A claim: what is said of a disclosure, how far it reaches, and what it does not prove.
type claim struct {
	what, level  string
	doesNotProve []string
}

// verifyEvidence checks a file, all of it or nothing; spaces tells which logs are spaces' own: consents stand in no other.
func verifyEvidence(text []byte, keys note.Verifiers, spaces map[string]bool, showItems bool) (string, error) {
	if len(text) > maxFile {
		return "", refusal("too long")
	}
	v, err := decode(text)
	if err != nil {
		return "", err
	}
	if m, ok := v.(object); ok {
		if version, ok := m[1].(string); ok && version != header && strings.HasPrefix(version, header[:len(header)-1]) {
			return "", refusal("an evidence file of a later version")
		}
	}
	f, err := fields(v, 1, 2, 3, 4, 5)
	if err != nil || f[0] != header {
		return "", refusal("not an evidence file")
	}
	logParts, ok1 := f[1].(array)
	consentParts, ok2 := f[2].(array)
	disclosures, ok3 := f[3].(array)
	if !ok1 || !ok2 || !ok3 || !sameTexts(f[4], limits) {
		return "", refusal("not an evidence file")
	}
	var logs []*shownLog
	for _, part := range logParts {
		l, err := verifyLog(part, keys)
		if err != nil {
			return "", err
		}
		if n := len(logs); n > 0 && logs[n-1].origin >= l.origin {
			return "", refusal("logs out of order")
		}
		logs = append(logs, l)
	}
	consents, err := verifyConsents(consentParts, logs)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	lastLog, lastIndex := -1, int64(-1)
	proved := 0
	for _, part := range disclosures {
		at, index, line, ok, err := verifyDisclosure(part, logs, consents, spaces, showItems)
		if err != nil {
			return "", err
		}
		if at < lastLog || at == lastLog && index <= lastIndex {
			return "", refusal("disclosures out of order")
		}
		lastLog, lastIndex = at, index
		if ok {
			proved++
		}
		out.WriteString("\n  " + line)
	}
	fmt.Fprintf(&out, "\n  Not proven by any of it: %s.", strings.Join(limits, "; "))
	return fmt.Sprintf("%d disclosures, %d of them with no withdrawal before in the log shown, %d consents%s",
		len(disclosures), proved, len(consents), out.String()), nil
}

func sameTexts(v interface{}, want []string) bool {
	a, ok := v.(array)
	if !ok || len(a) != len(want) {
		return false
	}
	for i := range a {
		if a[i] != want[i] {
			return false
		}
	}
	return true
}

func hashPath(v interface{}) (path []tlog.Hash, err error) {
	a, ok := v.(array)
	if !ok || len(a) > maxPath {
		return nil, errCBOR
	}
	for _, step := range a {
		h, err := hash(step)
		if err != nil {
			return nil, err
		}
		path = append(path, h)
	}
	return path, nil
}

// verifyLog checks a log's signature, and every entry and prefix under it.
func verifyLog(part interface{}, keys note.Verifiers) (*shownLog, error) {
	f, err := fields(part, 1, 2, 3)
	if err != nil {
		return nil, err
	}
	text, ok := f[0].(string)
	entries, ok2 := f[1].(array)
	prefixes, ok3 := f[2].(array)
	if !ok || !ok2 || !ok3 || len(text) > maxText {
		return nil, errCBOR
	}
	c, err := openCheckpoint([]byte(text), keys)
	if err != nil {
		return nil, err
	}
	l := &shownLog{c, map[int64]entry{}, map[int64]tlog.Hash{}}
	last := int64(-1)
	for _, v := range entries {
		e, err := list(v, 4)
		if err != nil {
			return nil, err
		}
		index, err := size(e[0])
		if err != nil {
			return nil, err
		}
		secret, err := fixed(e[1], 32)
		if err != nil {
			return nil, err
		}
		raw, ok := e[2].([]byte)
		if !ok || index <= last {
			return nil, errCBOR
		}
		last = index
		path, err := hashPath(e[3])
		if err != nil {
			return nil, err
		}
		if err := checkRecord(path, c, index, commitment(secret, raw)); err != nil {
			return nil, err
		}
		if l.entries[index], err = parseEntry(raw); err != nil {
			return nil, err
		}
	}
	last = 0
	for _, v := range prefixes {
		p, err := list(v, 3)
		if err != nil {
			return nil, err
		}
		n, err := size(p[0])
		if err != nil || n <= last {
			return nil, errCBOR
		}
		last = n
		root, err := hash(p[1])
		if err != nil {
			return nil, err
		}
		path, err := hashPath(p[2])
		if err != nil {
			return nil, err
		}
		if err := checkTree(path, c, n, root); err != nil {
			return nil, err
		}
		l.prefixes[n] = root
	}
	return l, nil
}

// verifyConsents checks that an entry that is shown names each by its hash; gives them by their hashes.
func verifyConsents(parts array, logs []*shownLog) (map[string][]byte, error) {
	named := map[string]bool{}
	for _, l := range logs {
		for _, e := range l.entries {
			if e.granted != nil {
				named[string(e.granted.consentHash)] = true
			}
			if e.imported != nil {
				named[string(e.imported.consentHash)] = true
			}
			if e.renewed != nil {
				named[string(e.renewed.consentHash)] = true
			}
		}
	}
	consents := map[string][]byte{}
	var last []byte
	for _, v := range parts {
		text, ok := v.([]byte)
		if !ok {
			return nil, errCBOR
		}
		h := sha256.Sum256(text)
		if !named[string(h[:])] || last != nil && bytes.Compare(last, h[:]) >= 0 {
			return nil, refusal("a consent that no entry names")
		}
		last = append([]byte{}, h[:]...)
		consents[string(h[:])] = text
	}
	return consents, nil
}

// verifyDisclosure derives the claim again and compares.
func verifyDisclosure(part interface{}, logs []*shownLog, consents map[string][]byte, spaces map[string]bool, showItems bool) (at int, index int64, line string, proved bool, err error) {
	f, err := fields(part, 1, 2, 3, 4)
	if err != nil {
		return 0, 0, "", false, err
	}
	n, err := size(f[0])
	if err != nil || n >= int64(len(logs)) {
		return 0, 0, "", false, errCBOR
	}
	at = int(n)
	if index, err = size(f[1]); err != nil {
		return 0, 0, "", false, err
	}
	e, ok := logs[at].entries[index]
	if !ok || e.released == nil {
		return 0, 0, "", false, refusal("a disclosure without its entry")
	}
	hidden, items, leaves, err := checkItems(f[2], e.released)
	if err != nil {
		return 0, 0, "", false, err
	}
	c, err := derive(logs, logs[at], index, e, consents, spaces)
	if err != nil {
		return 0, 0, "", false, err
	}
	if hidden {
		c.doesNotProve = append(c.doesNotProve, "which items")
	}
	said, err := fields(f[3], 1, 2, 3)
	if err != nil {
		return 0, 0, "", false, err
	}
	if said[0] != c.what || said[1] != c.level || !sameTexts(said[2], c.doesNotProve) {
		return 0, 0, "", false, refusal("the claim is not what follows from what is shown")
	}
	line = fmt.Sprintf("%s entry %d of %s: %d items to %q for %s, %s [%s; %s]", when(e.time), index, logs[at].origin, e.released.count,
		e.released.actor, e.released.purpose, c.what, c.level, items)
	if len(c.doesNotProve) > 0 {
		line += "; not proven: " + strings.Join(c.doesNotProve, ", ")
	}
	for i := 0; showItems && i < len(leaves); i++ {
		line += fmt.Sprintf("\n    item %d: %x", i, leaves[i])
	}
	return at, index, line, c.level == "verifiable", nil
}

// derive says what follows about a release, but for its items.
func derive(logs []*shownLog, own *shownLog, index int64, e entry, consents map[string][]byte, spaces map[string]bool) (c claim, err error) {
	r := e.released
	if len(r.grants) == 0 {
		return claim{what: ownLook, level: "logged"}, nil
	}
	var system *shownLog
	for _, l := range logs {
		if l.origin == r.system.origin {
			system = l
		}
	}
	covered, terms, within, named := false, true, true, true
	if system != nil {
		if !spaces[system.origin] {
			return c, refusal("decided under a log that is not a space's own")
		}
		if system.size < r.system.size {
			return c, refusal("the log of consents is shorter than a release says: rolled back")
		}
		root, ok := system.prefixes[r.system.size]
		if ok && root != r.system.root {
			return c, refusal("decided under another log of consents than the one shown")
		}
		covered = ok
	}
	for _, grant := range r.grants {
		var given *granted
		from := int64(-1)
		if system != nil {
			if from, given, err = system.given(grant, r.system.size); err != nil {
				return c, err
			}
		}
		if own.withdrawn(grant, index) {
			return c, refusal("released after the grant was withdrawn")
		}
		covered = covered && from >= 0 && system.consecutive(from, r.system.size)
		if given == nil {
			// Of a consent from elsewhere nobody here reads the terms.
			terms, within, named = false, false, false
			continue
		}
		if given.expires != nil && *given.expires <= e.time {
			return c, refusal("released after the grant had ended")
		}
		within = within && given.purpose == r.purpose
		text, shown := consents[string(given.consentHash)]
		terms = terms && shown
		whom, said := recipient(text)
		if said && whom != r.actor {
			return c, refusal("the grant is for somebody else")
		}
		named = named && said
	}
	c = claim{what: notWithdrawn, level: "verifiable"}
	add := func(lacks bool, limit string) {
		if lacks {
			c.doesNotProve = append(c.doesNotProve, limit)
		}
	}
	if !covered {
		c.what, c.level = underGrant, "logged"
	}
	add(!covered, "omitted withdrawals")
	add(!own.consecutive(0, index), "withdrawals entered in the partition's own log")
	add(!terms, "the terms of the consent")
	add(!within, "that the purpose lies within the grant's")
	add(!named, "that the recipient is the grant's")
	return c, nil
}

// checkItems compares the items with the entry's count and root; tells whether they are hidden.
func checkItems(v interface{}, r *released) (hidden bool, what string, shown [][]byte, err error) {
	if v == nil {
		return r.count > 0, "items not shown", nil, nil
	}
	a, ok := v.(array)
	if !ok || r.kind == kindCount {
		return false, "", nil, errCBOR
	}
	var leaves []tlog.Hash
	switch len(a) {
	case 1:
		hashes, ok := a[0].(array)
		if !ok {
			return false, "", nil, errCBOR
		}
		for _, h := range hashes {
			b, err := fixed(h, 32)
			if err != nil {
				return false, "", nil, err
			}
			shown = append(shown, b)
			leaves = append(leaves, tlog.RecordHash(b))
		}
		what = fmt.Sprintf("%d item hashes shown", len(leaves))
	case 2:
		salt, err := fixed(a[0], 32)
		if err != nil {
			return false, "", nil, err
		}
		items, ok := a[1].(array)
		if !ok {
			return false, "", nil, errCBOR
		}
		for i, item := range items {
			b, err := fixed(item, 18)
			if err != nil {
				return false, "", nil, err
			}
			shown = append(shown, b)
			mac := hmac.New(sha256.New, salt)
			binary.Write(mac, binary.BigEndian, uint64(i))
			mac.Write(b)
			leaves = append(leaves, tlog.RecordHash(mac.Sum(nil)))
		}
		what = fmt.Sprintf("%d items shown", len(leaves))
	default:
		return false, "", nil, errCBOR
	}
	if uint64(len(leaves)) != r.count || treeHash(leaves) != r.itemsRoot {
		return false, "", nil, refusal("the items are not those of the entry")
	}
	return false, what, shown, nil
}

// treeHash is RFC 6962's: a lone last node moves up as it is.
func treeHash(row []tlog.Hash) tlog.Hash {
	if len(row) == 0 {
		return sha256.Sum256(nil)
	}
	for len(row) > 1 {
		var next []tlog.Hash
		for i := 0; i+1 < len(row); i += 2 {
			next = append(next, tlog.NodeHash(row[i], row[i+1]))
		}
		if len(row)%2 == 1 {
			next = append(next, row[len(row)-1])
		}
		row = next
	}
	return row[0]
}
