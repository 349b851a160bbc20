// Command verify checks what a healthspace log hands out: receipts, consistency proofs and
// evidence files. It shares no code with the library. Trees and signatures are checked by
// golang.org/x/mod/sumdb/{tlog,note}; HMAC and SHA-256 over entries by the standard library.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const help = `verify: checks, offline, what a healthspace log hands out

Usage:
  verify receipt     --key FILE... [OPTIONS] RECEIPT...
  verify consistency --key FILE... [OPTIONS] CHECKPOINT PROOF [CHECKPOINT PROOF]...
  verify evidence    --key FILE... [OPTIONS] EVIDENCE...

  receipt       one entry and the proof that it stands in a log
  consistency   CHECKPOINT is one that you kept; PROOF says that the log only grew since
  evidence      a .hsev file: disclosures, the consents they rest on, and their proofs

Options:
  --key FILE    verifier keys that you trust, one a line (C2SP signed-note: name+hash+key); take
                them from the person or an earlier receipt, never from whoever hands you the proof
                (evidence: a file is of one space, the key of its own log first, as the library lists them)
  --every-flip  also check that every text with one bit changed, or cut short, is refused
  --items       print the items of each disclosure, or their salted hashes, as far as they are shown
  --quiet       print the summary alone
  --help        this text

Exit codes: 0 everything was verified; 1 something was refused; 2 wrong usage, or a file that
cannot be read.
`

const receiptLimits = `Proven: whoever holds the log's key signed a tree in which each of these entries stands, in these
words. Not proven: that what an entry says is true; that nothing was left out of the log; that
others are shown the same log.
`

const consistencyLimits = `Proven: nothing that stood in the log under the checkpoint you kept was changed or taken away.
Not proven: that everything was entered; that others are shown the same log, unless you compare
checkpoints with them.
`

// refusal is the one kind of error that is about the text, not about this program's use.
type refusal string

func (r refusal) Error() string { return string(r) }

type options struct {
	keys note.Verifiers
	// Of each space's own log, by its origin, the logs that go with it.
	spaces    map[string]map[string]bool
	everyFlip bool
	quiet     bool
	items     bool
	files     []string
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func usage(errs io.Writer, format string, args ...interface{}) int {
	fmt.Fprintf(errs, "verify: "+format+"\nTry: verify --help\n", args...)
	return 2
}

func run(args []string, out, errs io.Writer) int {
	for _, a := range args {
		if a == "--help" || a == "-h" {
			fmt.Fprint(out, help)
			return 0
		}
	}
	if len(args) == 0 {
		return usage(errs, "nothing to do")
	}
	var o options
	var keys []note.Verifier
	seen := map[string]bool{}
	o.spaces = map[string]map[string]bool{}
	for rest := args[1:]; len(rest) > 0; rest = rest[1:] {
		switch {
		case rest[0] == "--key":
			if len(rest) < 2 {
				return usage(errs, "--key needs a file")
			}
			rest = rest[1:]
			text, err := os.ReadFile(rest[0])
			if err != nil {
				return usage(errs, "%v", err)
			}
			space := ""
			for n, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
				v, err := verifierKey(line)
				if err != nil {
					return usage(errs, "%s: not a verifier key", rest[0])
				}
				if n == 0 {
					if space = v.Name(); o.spaces[space] == nil {
						o.spaces[space] = map[string]bool{}
					}
				} else {
					o.spaces[space][v.Name()] = true
				}
				if !seen[line] {
					seen[line] = true
					keys = append(keys, v)
				}
			}
		case rest[0] == "--every-flip":
			o.everyFlip = true
		case rest[0] == "--items":
			o.items = true
		case rest[0] == "--quiet":
			o.quiet = true
		case strings.HasPrefix(rest[0], "-"):
			return usage(errs, "unknown option %s", rest[0])
		default:
			o.files = append(o.files, rest[0])
		}
	}
	if len(keys) == 0 {
		return usage(errs, "no --key: a proof is worth what its key is")
	}
	o.keys = note.VerifierList(keys...)
	if len(o.files) == 0 {
		return usage(errs, "no file is named")
	}
	switch args[0] {
	case "receipt":
		return each(&o, 1, "receipts", receiptLimits, out, errs, func(texts [][]byte) (string, error) {
			r, err := verifyReceipt(texts[0], o.keys)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("entry %d of %s, of %d entries: %s", r.index, r.origin, r.size, describe(r.entry)), nil
		})
	case "consistency":
		if len(o.files)%2 != 0 {
			return usage(errs, "consistency takes pairs: a checkpoint that you kept, and a proof")
		}
		return each(&o, 2, "consistency proofs", consistencyLimits, out, errs, func(texts [][]byte) (string, error) {
			older, newer, err := verifyConsistency(texts[0], texts[1], o.keys)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%s grew from %d to %d entries", newer.origin, older.size, newer.size), nil
		})
	case "evidence":
		return each(&o, 1, "evidence files", "", out, errs, func(texts [][]byte) (string, error) {
			report, err := verifyEvidence(texts[0], o.keys, o.spaces, o.items)
			if err != nil {
				return "", err
			}
			return report, nil
		})
	}
	return usage(errs, "unknown command %s", args[0])
}

// each checks the files in groups of n and says what came of it.
func each(o *options, n int, what, limits string, out, errs io.Writer, check func([][]byte) (string, error)) int {
	verified, refused, spoiled := 0, 0, 0
	for at := 0; at < len(o.files); at += n {
		names := o.files[at : at+n]
		texts := make([][]byte, n)
		for i, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return usage(errs, "%v", err)
			}
			texts[i] = text
		}
		said, err := check(texts)
		if err != nil {
			refused++
			fmt.Fprintf(out, "REFUSED %s: %v\n", names[n-1], err)
			continue
		}
		verified++
		if !o.quiet {
			fmt.Fprintf(out, "verified %s: %s\n", names[n-1], said)
		}
		if o.everyFlip {
			tried, accepted := spoil(texts, check)
			spoiled += tried
			if accepted != "" {
				refused++
				fmt.Fprintf(out, "FAILED %s: accepted although %s\n", names[n-1], accepted)
			}
		}
	}
	if !o.quiet && verified > 0 {
		fmt.Fprint(out, limits)
	}
	fmt.Fprintf(out, "%s: %d verified, %d refused", what, verified, refused)
	if o.everyFlip {
		fmt.Fprintf(out, "; %d spoiled copies tried", spoiled)
	}
	fmt.Fprintln(out)
	if refused > 0 {
		return 1
	}
	return 0
}

// spoil tries every one-bit change and every cut of every text; the others stay as they are.
func spoil(texts [][]byte, check func([][]byte) (string, error)) (tried int, accepted string) {
	for i, good := range texts {
		others := append([][]byte{}, texts...)
		bad := bytes.Repeat(good, 1)
		others[i] = bad
		for bit := 0; bit < len(good)*8; bit++ {
			bad[bit/8] ^= 1 << (bit % 8)
			tried++
			if _, err := check(others); err == nil && accepted == "" {
				accepted = fmt.Sprintf("bit %d was changed", bit)
			}
			bad[bit/8] ^= 1 << (bit % 8)
		}
		for length := range good {
			others[i] = good[:length]
			tried++
			if _, err := check(others); err == nil && accepted == "" {
				accepted = fmt.Sprintf("it was cut to %d bytes", length)
			}
		}
	}
	return tried, accepted
}
