package main

import "strings"

// The words in entries and in the texts of grants, by the tables of core/docs/format.md.

// HL7 v3-ActReason below PurposeOfUse: each purpose, and what stands directly below it.
const purposeTree = `
TREAT: CLINTRL COC ETREAT POPHLTH TREATDS
ETREAT: BTG ERTREAT
HPAYMT: CLMATTCH COVAUTH COVERAGE PMTDS REMITADV
COVERAGE: ELIGDTRM ELIGVER ENROLLM MILDCRG
HOPERAT: CAREMGT DONAT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP HSYSADMIN MEMADMIN MILCDM MLTRAINING PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV TRAIN
HSYSADMIN: LABELING METAMGT
SYSDEV: HTEST
HRESCH: BIORCH CLINTRCH DSRCH POARCH TRANSRCH
CLINTRCH: CLINTRCHNPC CLINTRCHPC PRECLINTRCH
PATRQT: FAMRQT PWATRNY SUPNWK
PUBHLTH: DISASTER THREAT
HMARKT:
`

// above gives the purpose directly above another; of the uppermost it is empty.
var above = func() map[string]string {
	m := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(purposeTree), "\n") {
		at := strings.IndexByte(line, ':')
		if _, ok := m[line[:at]]; !ok {
			m[line[:at]] = ""
		}
		for _, code := range strings.Fields(line[at+1:]) {
			m[code] = line[:at]
		}
	}
	return m
}()

func isPurpose(code string) bool {
	_, ok := above[code]
	return ok && code != ""
}

// permits tells how far a permit for a purpose reaches: to some purposes only where it names them.
func permits(purpose, other string) bool {
	switch other {
	case "MLTRAINING", "TREATDS", "PMTDS", "BTG":
		return purpose == other
	}
	for ; other != ""; other = above[other] {
		if other == purpose {
			return true
		}
	}
	return false
}

var (
	categoryCodes = strings.Fields(`laboratory vital-signs medications conditions allergies immunizations procedures
		encounters documents activity sleep nutrition reproductive social-history demographics care-plans financial
		memories other`)
	sensitivityCodes = strings.Fields(`SPI BH PSY SUD ETH ETHUD OPIOIDUD HIV SDV SEX GDIS STD SICKLE MH PSYTHPN COGN DVD
		EMOTDIS MST PREGNANT SCA TBOO VIO IDS`)
	// By their bits in a label.
	obligationCodes = strings.Fields(`NOMLTRAINING PERSISTLABEL NOREUSE CPLYCD NORDSCLCD DEID REDACT DELAU PSEUD
		NOINTEGRATE NOPERSISTP NODSCLCD NORELINK NOCOLLECT MASK`)
)

// In which form it was released, by its number: how many, and to whom.
var forms = []string{
	"%d items read by %s",
	"%d items given as context for an answer to %s",
	"%d items counted by %s",
	"%d items opened for reading by %s",
	"that there are more than %d items told to %s",
	"%d items handed out as a file to %s",
}

// What a recipient is.
var recipientKinds = strings.Fields("model app person organization reference role")

const (
	healthPartition  = "health"
	generalPartition = "general"
	// The least confidentiality of what is in a partition of health data.
	restricted = 4

	noTraining     = 1
	noRedisclosure = 1 << 4
)

// place gives the position of a code in its table, -1 where it is not in it.
func place(table []string, code string) int {
	for i, c := range table {
		if c == code {
			return i
		}
	}
	return -1
}

// ascending tells whether codes are known, each once, in the order of their table.
func ascending(table, codes []string) bool {
	last := -1
	for _, c := range codes {
		at := place(table, c)
		if at <= last {
			return false
		}
		last = at
	}
	return true
}
