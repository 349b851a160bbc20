package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// The text of a grant of a space: a FHIR R4 Consent in one form, byte for byte (core/docs/format.md). What it
// says is gathered, and must give the same text when it is written anew.

const (
	hl7      = "http://terminology.hl7.org/CodeSystem/"
	own      = "https://healthspace.invalid/fhir/"
	uri      = "urn:ietf:rfc:3986"
	minute   = 60_000
	firstDay = -62_135_596_800_000
	lastDay  = 253_402_300_799_999
)

var errGrant = refusal("a text that is not in the form of a grant")

// grantText is what a text says. Times are milliseconds since 1970, an end is the first moment behind it.
type grantText struct {
	grant, subject, scope, notice string
	version                       uint64
	status, language              string
	given, updated                int64
	kind, recipient               string
	starts, expires               *int64
	purpose                       string
	categories                    []string
	confidentiality               string
	sensitivities                 []string
	dates                         [2]*int64
	obligations                   uint64
	uses                          *uint64
	// Of a carer's alone: whether they may pass it on, and under which it was.
	mayPassOn *bool
	parent    string
}

var actorTypes = map[string]string{"model": "Device", "app": "Device", "person": "RelatedPerson", "organization": "Organization"}

// renews tells whether a grant and an earlier version of it say the same, but for the end, how often, and what says
// which version it is.
func (g *grantText) renews(earlier *grantText) bool {
	a, b := *g, *earlier
	for _, t := range []*grantText{&a, &b} {
		t.version, t.updated, t.notice, t.language, t.expires = 1, 0, "", "", nil
		if t.uses != nil {
			t.uses = new(uint64)
		}
	}
	return reflect.DeepEqual(a, b)
}

// isWithin tells whether a grant could be passed on under another one.
func (g *grantText) isWithin(p *grantText) bool {
	inside := p.dates[0] == nil || g.dates[0] != nil && *p.dates[0] <= *g.dates[0] && *g.dates[1] <= *p.dates[1]
	bounded := p.confidentiality != "" || len(p.sensitivities) > 0
	labels := g.confidentiality == p.confidentiality && strings.Join(g.sensitivities, " ") == strings.Join(p.sensitivities, " ")
	for _, c := range g.categories {
		if place(p.categories, c) < 0 {
			return false
		}
	}
	return p.mayPassOn != nil && *p.mayPassOn && p.uses == nil && g.scope == p.scope && permits(p.purpose, g.purpose) &&
		inside && (!bounded || labels) && p.obligations&^g.obligations == 0
}

// readGrant gives what a text says, or refuses it.
func readGrant(text []byte) (*grantText, error) {
	v := parse(text)
	if v == nil {
		return nil, errGrant
	}
	g, ok := gather(v)
	if !ok || !g.holds() || g.write() != string(text) {
		return nil, errGrant
	}
	return g, nil
}

// at gives what stands at the end of a path of names and positions, nil where nothing does.
func at(v interface{}, path ...interface{}) interface{} {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]interface{})
			v = m[step]
		case int:
			list, _ := v.([]interface{})
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

func textAt(v interface{}, path ...interface{}) string {
	s, _ := at(v, path...).(string)
	return s
}

// raw gives the bytes behind a name's beginning, without its hyphens; none where it is no name.
func raw(name, prefix string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "-", ""))
	if err != nil {
		return ""
	}
	return string(b)
}

// instantAt reads a moment; nil where none stands there.
func instantAt(v interface{}, path ...interface{}) *int64 {
	t, err := time.Parse("2006-01-02T15:04:05.000Z", textAt(v, path...))
	if err != nil {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func behind(ms *int64) *int64 {
	if ms == nil {
		return nil
	}
	end := *ms + 1
	return &end
}

// gather takes what varies from its place in a text that has the form.
func gather(v interface{}) (*grantText, bool) {
	root, value := at(v, "provision"), []interface{}{"identifier", "value"}
	permit := at(root, "provision", 0)
	whom := at(root, "actor", 0, "reference")
	g := &grantText{
		grant:     raw(textAt(v, "id"), ""),
		subject:   raw(textAt(v, "patient", value[0], value[1]), "urn:uuid:"),
		scope:     raw(textAt(root, "data", 0, "reference", value[0], value[1]), "urn:uuid:"),
		notice:    raw(textAt(v, "sourceReference", value[0], value[1]), "nih:sha-256;"),
		status:    textAt(v, "status"),
		language:  textAt(v, "language"),
		kind:      strings.TrimPrefix(textAt(whom, "identifier", "system"), own+"recipient/"),
		recipient: textAt(whom, value[0], value[1]),
		starts:    instantAt(root, "period", "start"),
		expires:   behind(instantAt(root, "period", "end")),
		purpose:   textAt(permit, "purpose", 0, "code"),
		dates:     [2]*int64{instantAt(permit, "dataPeriod", "start"), behind(instantAt(permit, "dataPeriod", "end"))},
	}
	given, updated := instantAt(v, "dateTime"), instantAt(v, "meta", "lastUpdated")
	version, err := strconv.ParseUint(textAt(v, "meta", "versionId"), 10, 64)
	if given == nil || updated == nil || err != nil {
		return nil, false
	}
	g.given, g.updated, g.version = *given, *updated, version
	classes, _ := at(permit, "class").([]interface{})
	for _, c := range classes {
		g.categories = append(g.categories, textAt(c, "code"))
	}
	labels, _ := at(permit, "securityLabel").([]interface{})
	for _, l := range labels {
		if textAt(l, "system") == hl7+"v3-Confidentiality" {
			g.confidentiality = textAt(l, "code")
		} else {
			g.sensitivities = append(g.sensitivities, textAt(l, "code"))
		}
	}
	modifiers, _ := at(permit, "modifierExtension").([]interface{})
	for _, m := range modifiers {
		controls, _ := at(m, "extension").([]interface{})
		for _, c := range controls {
			bit := place(obligationCodes, textAt(c, "valueCodeableConcept", "coding", 0, "code"))
			if bit < 0 {
				return nil, false
			}
			g.obligations |= 1 << bit
		}
		if n, ok := at(m, "valuePositiveInt").(json.Number); ok {
			uses, err := strconv.ParseUint(n.String(), 10, 32)
			if err != nil {
				return nil, false
			}
			g.uses = &uses
		}
		if name := textAt(m, "valueUri"); name != "" {
			g.parent = raw(name, "urn:uuid:")
		}
	}
	if may, ok := at(permit, "extension", 0, "valueBoolean").(bool); ok {
		g.mayPassOn = &may
	}
	return g, true
}

// holds tells whether it says nothing that no grant says.
func (g *grantText) holds() bool {
	for _, t := range []*int64{g.starts, g.expires, g.dates[0], g.dates[1]} {
		if t != nil && (*t < firstDay || *t > lastDay || *t%minute != 0) {
			return false
		}
	}
	if g.given < firstDay || g.updated < firstDay {
		return false
	}
	carer := g.mayPassOn == nil || g.kind == "person" && g.expires != nil &&
		(g.purpose == "FAMRQT" || g.purpose == "SUPNWK" || g.purpose == "PWATRNY") &&
		g.obligations&noRedisclosure != 0 && !(*g.mayPassOn && g.parent != "")
	return len(g.grant) == 16 && len(g.subject) == 16 && len(g.scope) == 16 && len(g.notice) == 32 && g.version > 0 &&
		(g.status == "active" || g.status == "inactive") && (g.language == "en" || g.language == "fr") &&
		actorTypes[g.kind] != "" && isShown(g.recipient) && isPurpose(g.purpose) &&
		len(g.categories) > 0 && ascending(categoryCodes, g.categories) && ascending(sensitivityCodes, g.sensitivities) &&
		strings.Contains(" U L M N R V", " "+g.confidentiality) && len(g.confidentiality) <= 1 &&
		(g.starts == nil || g.expires == nil || *g.starts < *g.expires) && (g.expires == nil || *g.expires > firstDay) &&
		(g.dates[0] == nil) == (g.dates[1] == nil) && (g.dates[0] == nil || *g.dates[0] < *g.dates[1]) &&
		(g.uses == nil || *g.uses > 0) && (g.obligations&noTraining != 0) == (g.purpose != "MLTRAINING") &&
		(g.parent == "" || len(g.parent) == 16 && g.mayPassOn != nil) && carer
}

func urn(id string) string {
	h := hex.EncodeToString([]byte(id))
	return fmt.Sprintf("urn:uuid:%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

func coding(system, code string) string { return `{"system":"` + system + `","code":"` + code + `"}` }

func concept(system, code string) string { return `{"coding":[` + coding(system, code) + `]}` }

// reference is to something by a name: quoted, for it may hold what JSON escapes.
func reference(kind, system, quoted, display string) string {
	out := `{"type":"` + kind + `","identifier":{"system":"` + system + `","value":` + quoted + `}`
	if display != "" {
		out += `,"display":` + display
	}
	return out + `}`
}

// period is a member of this name; nothing where it has no bound.
func period(name string, start, end *int64) string {
	var bounds []string
	if start != nil {
		bounds = append(bounds, `"start":"`+instant(*start)+`"`)
	}
	if end != nil {
		bounds = append(bounds, `"end":"`+instant(*end-1)+`"`)
	}
	if bounds == nil {
		return ""
	}
	return `"` + name + `":{` + strings.Join(bounds, ",") + `},`
}

// listed is a member that is a list; nothing where it would be empty.
func listed(name string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	return `"` + name + `":[` + strings.Join(values, ",") + `],`
}

func codings(system string, codes []string) (out []string) {
	for _, c := range codes {
		out = append(out, coding(system, c))
	}
	return out
}

func (g *grantText) modifiers() (out []string) {
	var controls []string
	for bit, code := range obligationCodes {
		if g.obligations>>bit&1 == 1 {
			system := hl7 + "v3-ActCode"
			if code == "NOMLTRAINING" {
				system = own + "CodeSystem/obligation"
			}
			controls = append(controls, `{"url":"control","valueCodeableConcept":`+concept(system, code)+`}`)
		}
	}
	if controls != nil {
		out = append(out, `{`+listed("extension", controls)+`"url":"http://hl7.org/fhir/StructureDefinition/consent-provision-limit"}`)
	}
	if g.uses != nil {
		out = append(out, fmt.Sprintf(`{"url":"%sStructureDefinition/consent-uses","valuePositiveInt":%d}`, own, *g.uses))
	}
	if g.parent != "" {
		out = append(out, fmt.Sprintf(`{"url":"%sStructureDefinition/consent-parent","valueUri":"%s"}`, own, urn(g.parent)))
	}
	return out
}

// write gives the one text that says this.
func (g *grantText) write() string {
	var passes, labels []string
	if g.mayPassOn != nil {
		passes = []string{fmt.Sprintf(`{"url":"%sStructureDefinition/consent-delegation","valueBoolean":%t}`, own, *g.mayPassOn)}
	}
	if g.confidentiality != "" {
		labels = []string{coding(hl7+"v3-Confidentiality", g.confidentiality)}
	}
	labels = append(labels, codings(hl7+"v3-ActCode", g.sensitivities)...)
	name := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(g.recipient) + `"`
	person := reference("Patient", uri, `"`+urn(g.subject)+`"`, "")
	permit := `{` + listed("extension", passes) + listed("modifierExtension", g.modifiers()) + `"type":"permit",` +
		listed("action", []string{concept(hl7+"consentaction", "access"), concept(hl7+"consentaction", "use")}) +
		listed("securityLabel", labels) + listed("purpose", []string{coding(hl7+"v3-ActReason", g.purpose)}) +
		listed("class", codings(own+"CodeSystem/category", g.categories)) + period("dataPeriod", g.dates[0], g.dates[1])
	root := `{"type":"deny",` + period("period", g.starts, g.expires) +
		`"actor":[{"role":` + concept(hl7+"v3-ParticipationType", "IRCP") +
		`,"reference":` + reference(actorTypes[g.kind], own+"recipient/"+g.kind, name, name) + `}],` +
		listed("purpose", []string{coding(hl7+"v3-ActReason", "MLTRAINING")}) +
		`"data":[{"meaning":"instance","reference":` + reference("List", uri, `"`+urn(g.scope)+`"`, "") + `}],` +
		`"provision":[` + strings.TrimSuffix(permit, ",") + `}]}`
	return `{"resourceType":"Consent","id":"` + hex.EncodeToString([]byte(g.grant)) + `","meta":{"versionId":"` +
		strconv.FormatUint(g.version, 10) + `","lastUpdated":"` + instant(g.updated) +
		`","profile":["https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentAdvanced"]},"language":"` + g.language +
		`","identifier":[{"system":"` + uri + `","value":"` + urn(g.grant) + `"}],"status":"` + g.status +
		`","scope":` + concept(hl7+"consentscope", "patient-privacy") + `,"category":[` + concept("http://loinc.org", "59284-0") +
		`],"patient":` + person + `,"dateTime":"` + instant(g.given) + `","performer":[` + person +
		`],"organization":[{"display":"Health space of the person"}],"sourceReference":` +
		reference("DocumentReference", uri, `"nih:sha-256;`+hex.EncodeToString([]byte(g.notice))+`"`, "") +
		`,"policy":[{"uri":"` + own + `policy/grant/1"}],"provision":` + root + `}`
}
