package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Nothing larger is read.
const (
	maxText  = 1 << 20
	maxEntry = 64 << 10
	maxPath  = 64
)

// checkpoint is the body of a signed note: origin, size, root (C2SP tlog-checkpoint).
type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

// decode64 reads base64 that has one spelling: Go's own decoder passes over line ends and, unless
// told otherwise, over the bits behind the last byte.
func decode64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, refusal("base64 that nobody would write")
	}
	return b, nil
}

func decodeHash(s string) (h tlog.Hash, err error) {
	b, err := decode64(s)
	if err != nil || len(b) != len(h) {
		return h, refusal("not a hash")
	}
	copy(h[:], b)
	return h, nil
}

// decimal reads a number that has one spelling.
func decimal(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, refusal("not a number")
	}
	return n, nil
}

// verifierKey reads name+hash+key, in its one spelling.
func verifierKey(line string) (note.Verifier, error) {
	v, err := note.NewVerifier(line)
	parts := strings.SplitN(line, "+", 3)
	if err != nil || len(parts) != 3 {
		return nil, refusal("not a verifier key")
	}
	if _, err := decode64(parts[2]); err != nil {
		return nil, err
	}
	if fmt.Sprintf("%s+%08x+%s", v.Name(), v.KeyHash(), parts[2]) != line {
		return nil, refusal("not a verifier key")
	}
	return v, nil
}

// openCheckpoint opens a checkpoint that the log itself signed, and nobody else.
func openCheckpoint(text []byte, keys note.Verifiers) (c checkpoint, err error) {
	n, err := note.Open(text, keys)
	if err != nil {
		return c, refusal("the checkpoint is not signed by a key that you trust")
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return c, refusal("the checkpoint carries other signatures than its log's")
	}
	sig := n.Sigs[0]
	if _, err := decode64(sig.Base64); err != nil {
		return c, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return c, refusal("not a checkpoint")
	}
	c.origin = lines[0]
	if c.size, err = decimal(lines[1]); err != nil {
		return c, err
	}
	if c.root, err = decodeHash(lines[2]); err != nil {
		return c, err
	}
	if c.origin != sig.Name {
		return c, refusal("the checkpoint is of another log than its key")
	}
	if n.Text+"\n\u2014 "+sig.Name+" "+sig.Base64+"\n" != string(text) {
		return c, refusal("the checkpoint is not in its one form")
	}
	return c, nil
}

// commitment is what the tree holds of an entry: tlog.RecordHash is RFC 6962's leaf hash, and the
// record is the entry's commitment under its own secret.
func commitment(r, entry []byte) tlog.Hash {
	mac := hmac.New(sha256.New, r)
	mac.Write(entry)
	return tlog.RecordHash(mac.Sum([]byte("healthspace-ledger/v1\x00")))
}

// checkRecord is tlog.CheckRecord with the bounds that it leaves to its caller.
func checkRecord(path []tlog.Hash, c checkpoint, index int64, leaf tlog.Hash) error {
	if index < 0 || index >= c.size || tlog.CheckRecord(path, c.size, c.root, index, leaf) != nil {
		return refusal("the entry does not stand in the log")
	}
	return nil
}

func checkTree(path []tlog.Hash, c checkpoint, size int64, root tlog.Hash) error {
	if size < 1 || size > c.size || tlog.CheckTree(path, c.size, c.root, size, root) != nil {
		return refusal("the log is not a continuation of what it was")
	}
	return nil
}

type receipt struct {
	origin      string
	index, size int64
	entry       []byte
}

// verifyReceipt checks a receipt: a sidecar that opens the commitment, and a C2SP tlog-proof.
func verifyReceipt(text []byte, keys note.Verifiers) (r receipt, err error) {
	if len(text) > maxText {
		return r, refusal("too long")
	}
	side := strings.SplitN(string(text), "\n\n", 3)
	if len(side) != 3 {
		return r, refusal("not a receipt")
	}
	head, proof := strings.Split(side[0], "\n"), strings.Split(side[1], "\n")
	if len(head) != 3 || head[0] != "healthspace-receipt/v1" || !strings.HasPrefix(head[1], "r ") ||
		!strings.HasPrefix(head[2], "entry ") {
		return r, refusal("not a receipt")
	}
	secret, err := decode64(head[1][2:])
	if err != nil || len(secret) != 32 {
		return r, refusal("not an entry's secret")
	}
	if r.entry, err = decode64(head[2][6:]); err != nil || len(r.entry) == 0 || len(r.entry) > maxEntry {
		return r, refusal("not an entry")
	}
	if len(proof) < 2 || len(proof)-2 > maxPath || proof[0] != "c2sp.org/tlog-proof@v1" ||
		!strings.HasPrefix(proof[1], "index ") {
		return r, refusal("not a tlog-proof")
	}
	if r.index, err = decimal(proof[1][6:]); err != nil {
		return r, err
	}
	path, err := decodePath(proof[2:])
	if err != nil {
		return r, err
	}
	c, err := openCheckpoint([]byte(side[2]), keys)
	if err != nil {
		return r, err
	}
	r.origin, r.size = c.origin, c.size
	return r, checkRecord(path, c, r.index, commitment(secret, r.entry))
}

func decodePath(lines []string) (path []tlog.Hash, err error) {
	for _, line := range lines {
		h, err := decodeHash(line)
		if err != nil {
			return nil, err
		}
		path = append(path, h)
	}
	return path, nil
}

// verifyConsistency checks that a log only grew since the checkpoint that was kept: the proof is the
// text of a C2SP tlog-witness add-checkpoint request.
func verifyConsistency(kept, proof []byte, keys note.Verifiers) (older, newer checkpoint, err error) {
	if len(kept) > maxText || len(proof) > maxText {
		return older, newer, refusal("too long")
	}
	if older, err = openCheckpoint(kept, keys); err != nil {
		return older, newer, err
	}
	at := bytes.Index(proof, []byte("\n\n"))
	if at < 0 {
		return older, newer, refusal("not a consistency proof")
	}
	lines := strings.Split(string(proof[:at]), "\n")
	if !strings.HasPrefix(lines[0], "old ") || len(lines)-1 > maxPath-1 {
		return older, newer, refusal("not a consistency proof")
	}
	size, err := decimal(lines[0][4:])
	if err != nil {
		return older, newer, err
	}
	path, err := decodePath(lines[1:])
	if err != nil {
		return older, newer, err
	}
	if newer, err = openCheckpoint(proof[at+2:], keys); err != nil {
		return older, newer, err
	}
	switch {
	case older.origin != newer.origin:
		return older, newer, refusal("two logs")
	case newer.size < older.size:
		return older, newer, refusal("the log is shorter than it was: rolled back")
	case size != older.size:
		return older, newer, refusal("the proof is about another checkpoint than the one you kept")
	}
	return older, newer, checkTree(path, newer, older.size, older.root)
}
