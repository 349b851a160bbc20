/* The story in C: story SPACE FILE QUESTION. The space must not exist yet.
 *
 * The context goes to standard output, the rest to standard error. Exit codes: 0, 1 failed, 2 usage.
 * `make test-examples` builds and runs it.
 */
#include "healthspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T(s) (const uint8_t *)(s), strlen(s)

static void ok(int32_t code, const char *what)
{
    if (code == HS_ERROR_OK)
        return;
    fprintf(stderr, "%s: %s (error %d)\n", what, hs_last_error_text(), (int)code);
    exit(1);
}

static void must_be(int32_t code, int32_t wanted, const char *what)
{
    if (code == wanted) {
        fprintf(stderr, "%s: %s\n", what, hs_error_name(code));
        return;
    }
    fprintf(stderr, "%s: %s, not %s\n", what, hs_error_name(code), hs_error_name(wanted));
    exit(1);
}

int main(int argc, char **argv)
{
    hs_space *space = NULL;
    hs_buffer *code = NULL, *notice = NULL;
    hs_report *report = NULL;
    hs_consent_request *ask = NULL;
    hs_session *session = NULL;
    hs_context *context = NULL, *refused = NULL;
    hs_hash evidence;
    hs_id grant, memory;
    const char *passphrase = getenv("HEALTHSPACE_PASSPHRASE");
    const uint8_t *bytes;
    uint64_t imported, known, not_read, repaired, facts;
    size_t len;

    if (argc != 4 || passphrase == NULL) {
        fprintf(stderr, "usage: HEALTHSPACE_PASSPHRASE=... story SPACE FILE QUESTION\n");
        return 2;
    }
    ok(hs_create(T(argv[1]), T(passphrase), &space, &code), "create");
    ok(hs_buffer_bytes(code, &bytes, &len), "recovery code");
    fprintf(stderr, "recovery code, shown this once: %.*s\n", (int)len, (const char *)bytes);
    hs_buffer_free(code);

    ok(hs_import_file(space, T("health"), T(argv[2]), NULL, &report), "import");
    ok(hs_report_counts(report, &imported, &known, &not_read, &repaired, &facts), "report");
    fprintf(stderr, "%llu records, %llu facts\n", (unsigned long long)imported, (unsigned long long)facts);
    hs_report_free(report);

    /* Show the notice, take the person's gesture, keep its evidence: here, none. */
    memset(&evidence, 0, sizeof evidence);
    ok(hs_consent_request_new(space, T("PATRQT"), T("model"), T("eu-llm"), &ask), "request");
    ok(hs_consent_request_all_categories(ask), "categories");
    ok(hs_consent_request_expires_in_days(ask, 90), "term");
    ok(hs_notice(ask, T("en"), &notice), "notice");
    ok(hs_buffer_bytes(notice, &bytes, &len), "notice");
    fprintf(stderr, "%.*s\n", (int)len, (const char *)bytes);
    hs_buffer_free(notice);
    ok(hs_grant(ask, T("command-line"), &evidence, &grant), "grant");
    hs_consent_request_free(ask);

    ok(hs_session_new(space, T("model"), T("eu-llm"), T("PATRQT"), &session), "session");
    ok(hs_ground(session, T(argv[3]), 1500, 0, &context), "ground");
    ok(hs_context_text(context, &bytes, &len), "context");
    fwrite(bytes, 1, len, stdout);
    hs_context_free(context);

    must_be(hs_remember_in(session, T("general"), T("LDL fell"), &memory), HS_ERROR_FLOW_DENIED, "into general");
    ok(hs_remember_in(session, T("health"), T("LDL fell"), &memory), "remember");
    ok(hs_withdraw(space, &grant), "withdraw");
    must_be(hs_ground(session, T(argv[3]), 1500, 0, &refused), HS_ERROR_DENIED, "after the withdrawal");

    hs_session_free(session);
    hs_space_free(space);
    return 0;
}
