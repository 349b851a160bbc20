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
	kindFile     = 5

	// Longest emergency access, in milliseconds.
	hour = 60 * minute
)

// What no file of this kind proves, and what single claims do not: the words are part of the format.
var limits = []string{
	"that everything was entered, or that these are all disclosures",
	"that others are shown the same log",
	"that clock, recipient and gesture were what the host said",
	"that no other consent refused it",
	"what the items say, and that they are of the kinds, dates and labels that a grant names",
	"what the recipient did with them",
}

// shownLog is what a file shows of one log, verified.
type shownLog struct {
	checkpoint
	entries  map[int64]entry
	prefixes map[int64]tlog.Hash
	// Whose log it is, by the space's own log; nil where that is not shown.
	partition *created
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

// readThrough tells whether all of these are shown and read: an event of a later version may end a grant as well.
func (l *shownLog) readThrough(from, to int64) bool {
	for i := from; i < to; i++ {
		if e, ok := l.entries[i]; !ok || !e.known {
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

// given tells how a grant stood when the log had this size, by what is shown of it: nil and -1 where that is
// nothing. Of a consent from elsewhere the entry says no terms.
func (l *shownLog) given(grant string, size int64) (index int64, g *granted, err error) {
	var order []int64
	for i := range l.entries {
		order = append(order, i)
	}
	sort.Slice(order, func(a, b int) bool { return order[a] < order[b] })
	own, imported, withdrawn, waits := 0, false, int64(-1), int64(-1)
	index = -1
	for _, i := range order {
		e := l.entries[i]
		switch {
		case e.granted != nil && e.granted.grant == grant:
			if own++; i >= size {
				return 0, nil, refusal("released before the grant was given")
			}
			now := *e.granted
			now.filed = i
			index, g = i, &now
		case e.renewed != nil && e.renewed.grant == grant && i < size && g != nil && !g.elsewhere:
			if e.renewed.version <= g.version {
				return 0, nil, refusal("renewed by an older version")
			}
			// The same terms under a new end, and the Consent in a new text.
			now := *e.renewed
			now.purpose, now.given, now.updated, now.filed = g.purpose, g.given, e.time, i
			now.before = g
			g = &now
		case e.imported != nil && e.imported.grant == grant:
			imported = true
			if i < size {
				// A newer version that the person filed counts, also after a withdrawal.
				index, withdrawn, waits = i, -1, -1
				g = &granted{grant: grant, consentHash: e.imported.consentHash, filed: i, elsewhere: true}
			}
		case e.number == eventWithdrawn && e.withdrawn == grant && i < size:
			withdrawn = i
		case (e.number == eventRecovered || e.number == eventRestored) && i < size && g != nil:
			waits = i
		case e.number == eventConfirmed && e.confirmed == grant && i < size:
			waits = -1
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
	if waits >= 0 && l.consecutive(waits, size) {
		return 0, nil, refusal("released while the grant waited to be confirmed")
	}
	if g == nil && l.consecutive(0, size) {
		return 0, nil, refusal("released under a grant that was never given")
	}
	return index, g, nil
}

// isLater tells whether an entry is dated after this time, and it is seen that no clock that was confirmed since,
// before the log had this size, explains that.
func (l *shownLog) isLater(index, time, size int64) bool {
	if l.entries[index].time <= time || !l.consecutive(index, size) {
		return false
	}
	for i := index; i < size; i++ {
		if l.entries[i].number == eventClock {
			return false
		}
	}
	return true
}

// isAhead tells whether any entry was later than this time when the log had this size.
func (l *shownLog) isAhead(time, size int64) bool {
	for i := size - 1; i >= 0; i-- {
		e, ok := l.entries[i]
		if !ok || e.number == eventClock {
			return false
		}
		if e.time > time {
			return true
		}
	}
	return false
}

// isSteady tells whether it is seen that no clock was confirmed before the log had this size.
func (l *shownLog) isSteady(size int64) bool {
	for i := int64(0); i < size; i++ {
		if e, ok := l.entries[i]; !ok || e.number == eventClock {
			return false
		}
	}
	return true
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
	if err := namePartitions(logs, spaces); err != nil {
		return "", err
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
	unknown := 0
	for _, l := range logs {
		for _, e := range l.entries {
			if !e.known {
				unknown++
			}
		}
	}
	later := ""
	if unknown > 0 {
		later = fmt.Sprintf(", %d entries of events that this program does not know", unknown)
	}
	return fmt.Sprintf("%d disclosures, %d of them with no withdrawal before in the log shown, %d consents%s%s",
		len(disclosures), proved, len(consents), later, out.String()), nil
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
	l := &shownLog{checkpoint: c, entries: map[int64]entry{}, prefixes: map[int64]tlog.Hash{}}
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
		if index > 0 && l.entries[index].created != nil {
			return nil, refusal("a partition that was created in another's log")
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
	line = fmt.Sprintf("%s entry %d of %s: %s of %s, %s [%s; %s]", when(e.time), index, logs[at].origin, e.released.told(),
		categories, c.what, c.level, items)
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

// seen is a grant as it stood then, as far as it is shown.
type seen struct {
	given *granted
	// Where it was given; and whether all entries from there are shown.
	from    int64
	covered bool
	// The text in force of a grant of the space, and whether that and its first one are shown; that of a consent
	// from elsewhere says where it stands.
	text      *grantText
	shown     bool
	status    string
	hasStatus bool
	// Whether nothing that is shown ended it by its time and not by its place.
	ordered bool
}

func (g *ground) look(grant string) (s seen, err error) {
	s.from, s.ordered = -1, true
	if g.system != nil {
		for i, e := range g.system.entries {
			if i >= g.size && e.time < g.time && e.ends(grant, g.time) {
				s.ordered = false
			}
		}
		if s.from, s.given, err = g.system.given(grant, g.size); err != nil {
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
	s.covered = g.system.readThrough(s.from, g.size)
	if s.given.elsewhere {
		if text, ok := g.consents[string(s.given.consentHash)]; ok {
			s.status, s.hasStatus = readStatus(text)
		}
		return s, nil
	}
	var one *grantText
	for version := s.given; version != nil; version = version.before {
		text, err := g.read(version)
		switch {
		case err != nil:
			return s, err
		case text != nil && one != nil && !one.renews(text):
			return s, refusal("renewed on other terms")
		case text != nil:
			one = text
		}
		if version == s.given {
			s.text = text
		}
		s.shown = s.text != nil && text != nil
	}
	if s.text != nil && s.text.starts != nil && *s.text.starts > g.time {
		return s, refusal("released before the grant began")
	}
	return s, nil
}

// ends tells whether by this entry a grant was over at that time, or waited.
func (e entry) ends(grant string, time int64) bool {
	switch {
	case e.number == eventWithdrawn:
		return e.withdrawn == grant
	case e.renewed != nil:
		return e.renewed.grant == grant && *e.renewed.expires <= time
	}
	return e.number == eventRecovered || e.number == eventRestored
}

// read gives the text of a version of a grant of the space, which says what its entries say; nil where it is not shown.
func (g *ground) read(version *granted) (*grantText, error) {
	text, ok := g.consents[string(version.consentHash)]
	if !ok {
		return nil, nil
	}
	t, err := readGrant(text)
	if err == nil && !t.says(version) {
		err = refusal("the text of a grant says otherwise than its entries")
	}
	return t, err
}

// says tells whether a text says what the entries of its grant say.
func (t *grantText) says(g *granted) bool {
	sameEnd := (t.expires == nil) == (g.expires == nil) && (t.expires == nil || *t.expires == *g.expires)
	return t.grant == g.grant && t.version == g.version && t.status == "active" && t.notice == string(g.noticeHash) &&
		t.language == g.locale && t.purpose == g.purpose && sameEnd && t.given == g.given && t.updated == g.updated
}

// uses counts the releases up to this one that rest on a grant under the version that this entry filed.
func (g *ground) uses(grant string, filed int64) (n uint64) {
	for i, e := range g.own.entries {
		if r := e.released; i <= g.index && r != nil && r.system.origin == g.system.origin && r.system.size > filed {
			for _, by := range r.grants {
				if by == grant {
					n++
					break
				}
			}
		}
	}
	return n
}

// emergency tells whether emergency access under these grants had begun, by what is shown.
func (g *ground) emergency(r *released, grants []seen) (bool, error) {
	for i, e := range g.own.entries {
		if i < g.index && e.glass != nil && g.begins(e, r, grants) {
			return true, nil
		}
	}
	if g.own.consecutive(0, g.index) {
		return false, refusal("emergency access that did not begin")
	}
	return false, nil
}

func (g *ground) begins(e entry, r *released, grants []seen) bool {
	until := e.glass.until
	// Where it ends after the release and begins no later, unsigned numbers hold how long it is.
	if e.glass.actor != r.actor || e.time > g.time || until <= g.time || uint64(until)-uint64(e.time) > hour {
		return false
	}
	for _, grant := range r.grants {
		if !e.glass.grants[grant] {
			return false
		}
	}
	for _, s := range grants {
		if s.given != nil && !s.given.elsewhere && g.system.isLater(s.from, e.time, g.size) {
			return false
		}
	}
	return true
}

// above looks at the grant under which another was passed on: it must have stood before and as well, and reach as far.
func (g *ground) above(child *grantText, from int64) (s seen, err error) {
	if s, err = g.look(child.parent); err != nil {
		return s, err
	}
	if s.given != nil && s.from >= from {
		return s, refusal("passed on before it was given")
	}
	if s.given != nil && s.given.elsewhere {
		return s, refusal("passed on under a consent from elsewhere")
	}
	if s.text != nil && !child.isWithin(s.text) {
		return s, refusal("passed on although that was not allowed, or further")
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
		if r.actor != (recipient{"person", "person"}) || r.purpose != "PATRQT" {
			return c, refusal("looked at by somebody else than the person, under no grant")
		}
		return claim{what: ownLook, level: "logged"}, nil
	}
	if r.count > 0 && len(r.categories) == 0 {
		return c, refusal("items of no category")
	}
	training := r.purpose == "MLTRAINING"
	if !training && r.obligations&noTraining == 0 {
		return c, refusal("released without the label that forbids training")
	}
	if r.kind == kindFile && r.purpose == "BTG" {
		return c, refusal("handed out as a file in an emergency")
	}
	g := ground{own: own, index: index, time: e.time, size: r.system.size, consents: consents}
	for _, l := range logs {
		if l.origin == r.system.origin {
			g.system = l
		}
	}
	covered := false
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
		if g.system.isAhead(e.time, r.system.size) {
			return c, refusal("released before what it was decided under")
		}
		steady := g.system.isSteady(r.system.size)
		for i, before := range own.entries {
			if steady && i < index && before.time > e.time {
				return c, refusal("released before its log was so far")
			}
		}
	}
	texts, active, ordered, within, named, told, elsewhere, counted := true, true, true, true, true, true, false, false
	categories, subjects, twice := map[string]bool{}, map[string]bool{}, map[string]bool{}
	partition := own.partition
	if partition != nil {
		bit := partition.ordinal
		if bit > 63 {
			bit = 63
		}
		if r.origins>>bit&1 == 0 {
			return c, refusal("the label does not name the partition")
		}
		if partition.kind == healthPartition && r.confidentiality < restricted {
			return c, refusal("the label is below that of the partition")
		}
	}
	var grants []seen
	for _, grant := range r.grants {
		if twice[grant] {
			return c, refusal("one grant twice")
		}
		twice[grant] = true
		s, err := g.look(grant)
		if err != nil {
			return c, err
		}
		covered, ordered = covered && s.covered, ordered && s.ordered
		grants = append(grants, s)
		if s.given != nil && s.given.elsewhere {
			// Of a consent from elsewhere nobody here reads the terms; but that it stands it says itself, and
			// none lifts the floor under training.
			if s.hasStatus && s.status != "active" {
				return c, refusal("released under a consent that was not active")
			}
			if training {
				return c, refusal("released for training under a consent from elsewhere")
			}
			active, elsewhere = active && s.hasStatus, true
			continue
		}
		within = within && s.given != nil
		if s.given != nil && !permits(s.given.purpose, r.purpose) {
			return c, refusal("the grant is for another purpose")
		}
		// A grant of the space is to access and to use.
		if s.given != nil && r.kind == kindFile {
			return c, refusal("handed out as a file, which the grant does not permit")
		}
		t := s.text
		texts, named, told = texts && s.shown, named && s.shown, told && t != nil
		if t == nil {
			continue
		}
		if t.uses != nil {
			counted = true
		}
		switch {
		case (recipient{t.kind, t.recipient}) != r.actor:
			return c, refusal("the grant is for somebody else")
		case t.obligations&^r.obligations != 0:
			return c, refusal("the label asks for less than the grant")
		case t.uses != nil && g.uses(grant, s.given.filed) > *t.uses:
			return c, refusal("used more often than the grant says")
		case partition != nil && t.scope != partition.scope:
			return c, refusal("the grant is for another partition")
		}
		for _, code := range t.categories {
			categories[code] = true
		}
		subjects[t.subject] = true
		if t.parent != "" {
			p, err := g.above(t, s.from)
			if err != nil {
				return c, err
			}
			covered, texts, ordered = covered && p.covered, texts && p.shown, ordered && p.ordered
			if p.text != nil {
				subjects[p.text.subject] = true
			}
		}
	}
	terms := texts && !elsewhere
	for _, code := range r.categories {
		if told && !elsewhere && !categories[code] {
			return c, refusal("other categories than the grant's")
		}
	}
	if len(subjects) > 1 {
		return c, refusal("grants of two persons")
	}
	whole := own.readThrough(0, index)
	begun := true
	if r.purpose == "BTG" {
		if begun, err = g.emergency(r, grants); err != nil {
			return c, err
		}
	}
	c = claim{what: notWithdrawn, level: "verifiable"}
	add := func(holds bool, limit string) {
		if !holds {
			c.doesNotProve = append(c.doesNotProve, limit)
		}
	}
	if !covered || !texts || !active || !ordered {
		c.what, c.level = underGrant, "logged"
	}
	add(covered, "omitted withdrawals")
	add(texts, "that the grant was not passed on under another")
	add(active, "that the consent from elsewhere was active")
	add(ordered, "that an end of the grant that is dated before it came after it")
	add(whole, "withdrawals entered in the partition's own log")
	add(terms, "the terms of the consent")
	add(within && !elsewhere, "that the purpose lies within the grant's")
	add(named && !elsewhere, "that the recipient is the grant's")
	add(terms, "that the categories lie within the grant's")
	add(named && !elsewhere && partition != nil, "that the partition is the grant's")
	add(whole && partition != nil || !counted, "that the grant was used no more often than it says")
	add(begun, "that emergency access had begun")
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
