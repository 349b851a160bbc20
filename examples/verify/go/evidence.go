package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sort"
	"strings"

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
	kindMore     = 4
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
// shown. Of a consent from elsewhere the entry says no terms.
func (l *shownLog) given(grant string, size int64) (index int64, g *granted, err error) {
	var order []int64
	for i := range l.entries {
		order = append(order, i)
	}
	sort.Slice(order, func(a, b int) bool { return order[a] < order[b] })
	own, imported, withdrawn := 0, false, int64(-1)
	index = -1
	for _, i := range order {
		e := l.entries[i]
		switch {
		case e.granted != nil && e.granted.grant == grant:
			if own++; i >= size {
				return 0, nil, refusal("released before the grant was given")
			}
			index, g = i, e.granted
		case e.renewed != nil && e.renewed.grant == grant && i < size && g != nil && !g.elsewhere:
			// The same terms under a new end, and the Consent in a new text.
			now := *g
			now.consentHash, now.expires = e.renewed.consentHash, e.renewed.expires
			g = &now
		case e.imported != nil && e.imported.grant == grant:
			imported = true
			if i < size {
				// A newer version that the person filed counts, also after a withdrawal.
				index, withdrawn = i, -1
				g = &granted{grant: grant, consentHash: e.imported.consentHash, elsewhere: true}
			}
		case e.number == eventWithdrawn && e.withdrawn == grant && i < size:
			withdrawn = i
		}
	}
	if own > 1 || own == 1 && imported {
		return 0, nil, refusal("a grant that was given twice")
	}
	// Of a consent from elsewhere a newer version may stand in an entry that is not shown.
	unknown := g != nil && g.elsewhere && !l.consecutive(withdrawn, size)
	if withdrawn >= 0 && !unknown {
		return 0, nil, refusal("released after the grant was withdrawn")
	}
	return index, g, nil
}

// A claim: what is said of a disclosure, how far it reaches, and what it does not prove.
type claim struct {
	what, level  string
	doesNotProve []string
}

// verifyEvidence checks a file, all of it or nothing; spaces tells which logs are spaces' own, where alone consents stand, and which go with each.
func verifyEvidence(text []byte, keys note.Verifiers, spaces map[string]map[string]bool, showItems bool) (string, error) {
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
	consents, err := verifyConsents(consentParts, logs, spaces)
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

// verifyConsents checks that an entry of a space's own log names each by its hash; gives them by their hashes.
func verifyConsents(parts array, logs []*shownLog, spaces map[string]map[string]bool) (map[string][]byte, error) {
	named := map[string]bool{}
	for _, l := range logs {
		if spaces[l.origin] == nil {
			continue
		}
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
func verifyDisclosure(part interface{}, logs []*shownLog, consents map[string][]byte, spaces map[string]map[string]bool, showItems bool) (at int, index int64, line string, proved bool, err error) {
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
	categories := strings.Join(e.released.categories, ", ")
	if categories == "" {
		categories = "no category"
	}
	line = fmt.Sprintf("%s entry %d of %s: %d items to %q for %s of %s, %s [%s; %s]", when(e.time), index, logs[at].origin, e.released.count,
		e.released.actor, e.released.purpose, categories, c.what, c.level, items)
	if len(c.doesNotProve) > 0 {
		line += "; not proven: " + strings.Join(c.doesNotProve, ", ")
	}
	for i := 0; showItems && i < len(leaves); i++ {
		line += fmt.Sprintf("\n    item %d: %x", i, leaves[i])
	}
	return at, index, line, c.level == "verifiable", nil
}

// ground is what a release rests on: its own log, the log of consents and its size then.
type ground struct {
	own      *shownLog
	index    int64
	time     int64
	system   *shownLog
	size     int64
	consents map[string][]byte
}

// seen is a grant as it stood then; its text is that of no consent where none is shown.
type seen struct {
	given   *granted
	covered bool
	shown   bool
	text    consentText
}

func (g *ground) look(grant string) (s seen, err error) {
	from := int64(-1)
	if g.system != nil {
		if from, s.given, err = g.system.given(grant, g.size); err != nil {
			return s, err
		}
	}
	if g.own.withdrawn(grant, g.index) {
		return s, refusal("released after the grant was withdrawn")
	}
	if s.given == nil {
		return s, nil
	}
	if s.given.expires != nil && *s.given.expires <= g.time {
		return s, refusal("released after the grant had ended")
	}
	s.covered = g.system.consecutive(from, g.size)
	var text []byte
	if text, s.shown = g.consents[string(s.given.consentHash)]; s.shown {
		s.text = readText(text)
	}
	return s, nil
}

// above looks at the grant under which another was passed on: it must have stood as well.
func (g *ground) above(grant string) (s seen, err error) {
	if s, err = g.look(grant); err != nil {
		return s, err
	}
	switch {
	case s.given != nil && s.given.elsewhere:
		return s, refusal("passed on under a consent from elsewhere")
	case s.text.parent != "":
		return s, refusal("passed on twice")
	case s.text.alone && !s.text.mayPassOn:
		return s, refusal("passed on although that was not allowed")
	}
	return s, nil
}

// derive says what follows about a release, but for its items.
func derive(logs []*shownLog, own *shownLog, index int64, e entry, consents map[string][]byte, spaces map[string]map[string]bool) (c claim, err error) {
	r := e.released
	for i, before := range own.entries {
		if b := before.released; i < index && b != nil && b.system.origin == r.system.origin && b.system.size > r.system.size {
			return c, refusal("decided under an older log than one before")
		}
	}
	if len(r.grants) == 0 {
		return claim{what: ownLook, level: "logged"}, nil
	}
	g := ground{own: own, index: index, time: e.time, size: r.system.size, consents: consents}
	for _, l := range logs {
		if l.origin == r.system.origin {
			g.system = l
		}
	}
	covered, alone, active, terms, within, named := false, true, true, true, true, true
	if g.system != nil {
		if !spaces[g.system.origin][own.origin] {
			return c, refusal("decided under a log that is not its space's own")
		}
		if g.system.size < r.system.size {
			return c, refusal("the log of consents is shorter than a release says: rolled back")
		}
		root, ok := g.system.prefixes[r.system.size]
		if ok && root != r.system.root {
			return c, refusal("decided under another log of consents than the one shown")
		}
		covered = ok
	}
	categories, told := map[string]bool{}, true
	for _, grant := range r.grants {
		s, err := g.look(grant)
		if err != nil {
			return c, err
		}
		covered = covered && s.covered
		if s.given != nil && s.given.elsewhere {
			// Of a consent from elsewhere nobody here reads the terms; but that it stands it says itself.
			if s.text.hasStatus && s.text.status != "active" {
				return c, refusal("released under a consent that was not active")
			}
			active = active && s.text.hasStatus
			terms, within, named, told = false, false, false, false
			continue
		}
		within = within && s.given != nil && s.given.purpose == r.purpose
		terms = terms && s.shown
		if s.text.hasRecipient && s.text.recipient != r.actor {
			return c, refusal("the grant is for somebody else")
		}
		named = named && s.text.hasRecipient
		alone = alone && (s.text.alone || s.text.parent != "")
		told = told && s.text.categories != nil
		allows := func(code string) bool { return s.text.categories[code] }
		if s.text.parent != "" {
			p, err := g.above(s.text.parent)
			if err != nil {
				return c, err
			}
			covered, terms, alone = covered && p.covered, terms && p.shown, alone && p.text.alone
			told = told && p.text.categories != nil
			allows = func(code string) bool { return s.text.categories[code] && p.text.categories[code] }
		}
		for _, code := range r.categories {
			categories[code] = categories[code] || allows(code)
		}
	}
	for _, code := range r.categories {
		if told && !categories[code] {
			return c, refusal("other categories than the grant's")
		}
	}
	c = claim{what: notWithdrawn, level: "verifiable"}
	add := func(lacks bool, limit string) {
		if lacks {
			c.doesNotProve = append(c.doesNotProve, limit)
		}
	}
	if !covered || !alone || !active {
		c.what, c.level = underGrant, "logged"
	}
	add(!covered, "omitted withdrawals")
	add(!alone, "that the grant was not passed on under another")
	add(!active, "that the consent from elsewhere was active")
	add(!own.consecutive(0, index), "withdrawals entered in the partition's own log")
	add(!terms, "the terms of the consent")
	add(!within, "that the purpose lies within the grant's")
	add(!named, "that the recipient is the grant's")
	add(!told, "that the categories lie within the grant's")
	return c, nil
}

// checkItems compares the items with the entry's count and root; tells whether they are hidden.
func checkItems(v interface{}, r *released) (hidden bool, what string, shown [][]byte, err error) {
	if v == nil {
		return r.count > 0, "items not shown", nil, nil
	}
	a, ok := v.(array)
	if !ok || r.kind == kindCount || r.kind == kindMore {
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
