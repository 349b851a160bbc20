/* healthspace: a person's health data in a sealed space of its own.
 *
 * Generated from bindings-c/src; do not edit.
 *
 * Rules of every function:
 * - Arguments come in this order: receiver, inputs, outputs.
 * - The result is 0 or the number of an error; hs_error_name tells its name. On failure no output
 *   is written. hs_last_error_name and hs_last_error_text tell of this thread's last failure.
 *   Error texts hold no content, path, key or id.
 * - A pointer that is NULL where it may not be gives error 300. A text or secret of length 0 may
 *   have a NULL pointer. Texts are UTF-8, with a length and without a terminating zero.
 * - What a function hands out as hs_xyz ** is the caller's, and is freed by hs_xyz_free, which
 *   accepts NULL. What it hands out as const is borrowed from the receiver and lives as long.
 * - A list comes as JSON text in a hs_buffer: instants in milliseconds since
 *   1970-01-01T00:00:00Z, ids in hexadecimal. Later versions may add members and words.
 * - hs_space, hs_session, hs_report, hs_context, hs_buffer and hs_keystore may be used by several threads at
 *   once; hs_consent_request, hs_renewal and hs_import_options may not. Free a thing only when no other
 *   thread uses it. A session, report or context may outlive its space.
 */

#ifndef HEALTHSPACE_H
#define HEALTHSPACE_H

#include <stddef.h>
#include <stdint.h>

// The version of this interface. It changes when a program that was compiled against an older
// header could misbehave.
#define HS_ABI_VERSION 1

// The numbers of errors: 1xx the space, 2xx permission, 3xx input, 9xx bugs. A newer library may
// return others.
typedef enum hs_error {
  HS_ERROR_OK = 0,
  HS_ERROR_NOT_A_SPACE = 100,
  HS_ERROR_NEEDS_NEWER_LIBRARY = 101,
  HS_ERROR_CANNOT_OPEN = 102,
  HS_ERROR_ALREADY_EXISTS = 103,
  HS_ERROR_LOCKED = 104,
  HS_ERROR_BUSY = 105,
  HS_ERROR_IN_USE = 106,
  HS_ERROR_CORRUPT = 107,
  HS_ERROR_ROLLED_BACK = 108,
  HS_ERROR_FORKED = 109,
  HS_ERROR_REKEYED = 110,
  HS_ERROR_FORKED_PROCESS = 111,
  HS_ERROR_IO = 112,
  HS_ERROR_DISK_FULL = 113,
  HS_ERROR_STORAGE = 114,
  HS_ERROR_RANDOM = 115,
  HS_ERROR_ANCHOR_MISSING = 116,
  HS_ERROR_NOT_ANCHORED = 117,
  HS_ERROR_KEY_STORE = 118,
  HS_ERROR_TWO_WAYS_IN = 119,
  HS_ERROR_LEVEL_UNAVAILABLE = 120,
  HS_ERROR_PRE_RELEASE = 121,
  HS_ERROR_NO_SUCH_PARTITION = 200,
  HS_ERROR_NOT_FOUND = 201,
  HS_ERROR_DENIED = 202,
  HS_ERROR_FLOW_DENIED = 203,
  HS_ERROR_CLOCK_BEHIND = 204,
  HS_ERROR_CLOCK_AHEAD = 205,
  HS_ERROR_OTHER_SUBJECT = 206,
  HS_ERROR_NEEDS_FULL_SLOT = 207,
  HS_ERROR_MALFORMED = 300,
  HS_ERROR_TOO_LARGE = 301,
  HS_ERROR_INPUT_CHANGED = 302,
  HS_ERROR_CANCELLED = 303,
  HS_ERROR_INTERNAL = 900,
} hs_error;

// Where a keystore keeps its keys: files; the operating system; a chip that does not give them away.
typedef enum hs_keystore_kind {
  HS_KEYSTORE_KIND_SOFTWARE = 1,
  HS_KEYSTORE_KIND_OS = 2,
  HS_KEYSTORE_KIND_HARDWARE = 3,
} hs_keystore_kind;

// Bytes or text of the library's; wiped when freed.
typedef struct hs_buffer hs_buffer;

// What a line of a context stands on.
typedef struct hs_citation hs_citation;

// A consent that is being put together.
typedef struct hs_consent_request hs_consent_request;

// Cited facts for a model: released, and in the ledger. Its text is wiped when it is freed.
typedef struct hs_context hs_context;

// How to import.
typedef struct hs_import_options hs_import_options;

// A keystore.
typedef struct hs_keystore hs_keystore;

// A grant that is to hold longer, or again.
typedef struct hs_renewal hs_renewal;

// What an import did.
typedef struct hs_report hs_report;

// A conversation of one recipient for one purpose.
typedef struct hs_session hs_session;

// A space, open.
typedef struct hs_space hs_space;

// A fixed 16-byte id of a grant, record or conversation.
typedef struct hs_id {
  // The bytes.
  uint8_t bytes[16];
} hs_id;

// A fixed 32-byte hash: the id of a source, or the evidence of a gesture.
typedef struct hs_hash {
  // The bytes.
  uint8_t bytes[32];
} hs_hash;

// Told how far an import has come: bytes read, bytes in all, records met. Called by the thread
// that imports. A result other than 0 cancels the import; the same file resumes it. It must not
// call into the same space, nor leave by longjmp or an exception.
typedef int32_t (*hs_on_progress)(void *ctx, uint64_t done, uint64_t total, uint64_t records);

// The device's keystore, by the host: all functions but `release` are needed. They are called within calls that
// were given the keystore, by their thread, several at once where several such calls are made; they may ask the
// person, and neither throw nor jump out.
//
// Each returns 0, HS_ERROR_NOT_FOUND for a key that is not there (any more), HS_ERROR_CANNOT_OPEN for bytes that
// are not this key's, or any other number for a failure, which counts as HS_ERROR_IO. A length that goes with
// bytes to be written is the room there is, and is set to how many were written; more than the room is refused,
// and nothing may be written beyond it. Secrets are 32 random bytes, wiped by the library: neither they nor
// names belong in a log.
typedef struct hs_keystore_functions {
  // Given to each function.
  void *ctx;
  // One of hs_keystore_kind.
  int32_t kind;
  // Makes a key that stays in the keystore: its name, 1 to 256 bytes that are no secret.
  int32_t (*create_key)(void *ctx, uint8_t *key, size_t *key_len);
  // Encrypts 32 bytes under a key, authenticated: 1 to 4096 bytes.
  int32_t (*wrap)(void *ctx,
                  const uint8_t *key,
                  size_t key_len,
                  const uint8_t *secret,
                  size_t secret_len,
                  uint8_t *wrapped,
                  size_t *wrapped_len);
  // Decrypts what `wrap` gave, to 32 bytes.
  int32_t (*unwrap)(void *ctx,
                    const uint8_t *key,
                    size_t key_len,
                    const uint8_t *wrapped,
                    size_t wrapped_len,
                    uint8_t *secret,
                    size_t *secret_len);
  // Destroys a key for good, and says the same of one that is not there. It is asked afterwards to wrap something
  // under the key: only HS_ERROR_NOT_FOUND shows that it is gone. `rollback_resistant` 1 where no backup
  // and no image of the device brings it back, else 0; `evidence`, at most 4096 bytes, what the keystore
  // attests, of which the log keeps the hash.
  int32_t (*destroy_key)(void *ctx,
                         const uint8_t *key,
                         size_t key_len,
                         int32_t *rollback_resistant,
                         uint8_t *evidence,
                         size_t *evidence_len);
  // Called once, when the keystore is freed and no call uses it any more. May be NULL.
  void (*release)(void *ctx);
} hs_keystore_functions;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the interface that the library was built with; compare it with HS_ABI_VERSION.
int32_t hs_abi_version(void);

// The library's version, as text with a terminating zero; lives for ever.
const char *hs_version(void);

// The name of an error number ("Denied"), with a terminating zero; "OK" for 0, "Unknown" for a
// number that is none. Lives for ever.
const char *hs_error_name(int32_t code);

// The name of this thread's last failure, with a terminating zero; "OK" where there was none.
// A call that succeeds does not change it. Lives for ever.
const char *hs_last_error_name(void);

// What this thread's last failure was, as an English text with a terminating zero; valid until
// the thread's next failure or its end. Holds no content, path, key or id.
const char *hs_last_error_text(void);

// The bytes of a buffer, without a terminating zero; borrowed until it is freed.
int32_t hs_buffer_bytes(const struct hs_buffer *buffer, const uint8_t **bytes, size_t *len);

// Wipes a buffer and gives its memory back. NULL is allowed.
void hs_buffer_free(struct hs_buffer *buffer);

// Creates a space in a new file, with the partitions "health" and "general". The recovery code
// is the second way in: show it to the person once and free it.
//
// AlreadyExists where a file is there.
int32_t hs_create(const uint8_t *path,
                  size_t path_len,
                  const uint8_t *secret,
                  size_t secret_len,
                  struct hs_space **space,
                  struct hs_buffer **recovery_code);

// As hs_create, with an anchor in a file of its own: an older copy of the space's file is then
// refused (RolledBack), and counted grants apply. It must not lie where the space is backed up. A
// space whose anchor is lost does not open.
int32_t hs_create_anchored(const uint8_t *path,
                           size_t path_len,
                           const uint8_t *secret,
                           size_t secret_len,
                           const uint8_t *anchor,
                           size_t anchor_len,
                           struct hs_space **space,
                           struct hs_buffer **recovery_code);

// As hs_open, with the anchor that the space was given. AnchorMissing where it is opened without.
int32_t hs_open_anchored(const uint8_t *path,
                         size_t path_len,
                         const uint8_t *secret,
                         size_t secret_len,
                         const uint8_t *anchor,
                         size_t anchor_len,
                         struct hs_space **space);

// Opens a space in full with its passphrase.
//
// CannotOpen for a wrong secret and for a damaged key slot alike.
int32_t hs_open(const uint8_t *path,
                size_t path_len,
                const uint8_t *secret,
                size_t secret_len,
                struct hs_space **space);

// Opens a space in full with its recovery code, in any case and with any spacing.
int32_t hs_open_recovery(const uint8_t *path,
                         size_t path_len,
                         const uint8_t *code,
                         size_t code_len,
                         struct hs_space **space);

// Opens chosen partitions only: `names` and `name_lens` have `count` elements. The handle can
// read, write and withdraw there, and can grant nothing (NeedsFullSlot).
int32_t hs_open_partitions(const uint8_t *path,
                           size_t path_len,
                           const uint8_t *secret,
                           size_t secret_len,
                           const uint8_t *const *names,
                           const size_t *name_lens,
                           size_t count,
                           struct hs_space **space);

// Drops every key of the handle; later calls on it and its sessions fail with Locked. The handle
// itself is still to be freed.
int32_t hs_close(const struct hs_space *space);

// Closes a space and frees its handle. NULL is allowed.
void hs_space_free(struct hs_space *space);

// Withdraws a grant: effective when the call returns, in every open handle and process.
// Withdrawing twice is no error.
int32_t hs_withdraw(const struct hs_space *space, const struct hs_id *grant);

// The person confirms that the host's clock is right although the logs hold later entries: from
// now on decisions use it again. `method` and `evidence` as for `hs_grant`. Does nothing where the
// clock is not behind.
int32_t hs_confirm_clock(const struct hs_space *space,
                         const uint8_t *method,
                         size_t method_len,
                         const struct hs_hash *evidence);

// Options with their defaults.
int32_t hs_import_options_new(struct hs_import_options **options);

// The person confirmed that the file is about them although it says otherwise.
int32_t hs_import_options_confirm_subject(struct hs_import_options *options);

// A callback for progress, and a pointer that it is given. NULL takes it away.
int32_t hs_import_options_on_progress(struct hs_import_options *options,
                                      hs_on_progress on_progress,
                                      void *ctx);

// Frees options. NULL is allowed.
void hs_import_options_free(struct hs_import_options *options);

// Imports a file: FHIR R4 JSON, NDJSON, or an Apple Health export. The same file again adds
// nothing. `options` may be NULL. A bad entry in a good file is no failure: it is in the report.
//
// One import at a time for each handle: Busy.
int32_t hs_import_file(const struct hs_space *space,
                       const uint8_t *partition,
                       size_t partition_len,
                       const uint8_t *path,
                       size_t path_len,
                       const struct hs_import_options *options,
                       struct hs_report **report);

// Imports bytes in memory; otherwise as hs_import_file. The bytes are copied.
int32_t hs_import_bytes(const struct hs_space *space,
                        const uint8_t *partition,
                        size_t partition_len,
                        const uint8_t *bytes,
                        size_t len,
                        const struct hs_import_options *options,
                        struct hs_report **report);

// How many records were new, known already, refused, and read with a repair; and how many typed
// facts were added.
int32_t hs_report_counts(const struct hs_report *report,
                         uint64_t *imported,
                         uint64_t *linked,
                         uint64_t *refused,
                         uint64_t *repaired,
                         uint64_t *facts);

// How many newer versions of what was known are shown from now on, and how many older versions of what is known,
// or of what the same file holds, are kept and not shown.
int32_t hs_report_versions(const struct hs_report *report,
                           uint64_t *replaced,
                           uint64_t *superseded);

// How many consents from elsewhere permit nothing from now on, until the person confirms them: the file tells of
// another patient than they do.
int32_t hs_report_held_back(const struct hs_report *report,
                            uint64_t *consents);

// Whether the very same file had been imported before (1) or not (0).
int32_t hs_report_already_imported(const struct hs_report *report, int32_t *already);

// How many types of records the report counts.
int32_t hs_report_type_count(const struct hs_report *report, size_t *count);

// The name of a type, borrowed from the report, and its counts. NotFound beyond the last.
int32_t hs_report_type(const struct hs_report *report,
                       size_t index,
                       const uint8_t **name,
                       size_t *name_len,
                       uint64_t *imported,
                       uint64_t *linked,
                       uint64_t *refused);

// How many places of refusal or repair the report lists; a very long list ends early, the counts do not.
int32_t hs_report_issue_count(const struct hs_report *report,
                              size_t *count);

// One place, in the order met: whether the record was refused (1) or read with a repair (0), what was the matter as a
// stable name (bad-date, never freed), the archive member's number (0 for a plain file), its name without
// folders, borrowed from the report (length 0 for a plain file), and the byte in the file or member. NotFound beyond
// the last.
int32_t hs_report_issue(const struct hs_report *report,
                        size_t index,
                        int32_t *is_refused,
                        const uint8_t **code,
                        size_t *code_len,
                        uint32_t *member,
                        const uint8_t **name,
                        size_t *name_len,
                        uint64_t *offset);

// Frees a report. NULL is allowed.
void hs_report_free(struct hs_report *report);

// Begins to ask for a consent over the partition "health": for one purpose, an HL7 v3-ActReason
// code ("PATRQT": at the person's own request), and one recipient: "model", "app", "person" or
// "organization", and a name.
int32_t hs_consent_request_new(const struct hs_space *space,
                               const uint8_t *purpose_code,
                               size_t purpose_code_len,
                               const uint8_t *kind,
                               size_t kind_len,
                               const uint8_t *name,
                               size_t name_len,
                               struct hs_consent_request **request);

// Over another partition.
int32_t hs_consent_request_partition(struct hs_consent_request *request,
                                     const uint8_t *name,
                                     size_t name_len);

// Adds a category ("laboratory", "medications", ...). At least one is needed.
int32_t hs_consent_request_category(struct hs_consent_request *request,
                                    const uint8_t *category,
                                    size_t category_len);

// Every category.
int32_t hs_consent_request_all_categories(struct hs_consent_request *request);

// Until so many days from now.
int32_t hs_consent_request_expires_in_days(struct hs_consent_request *request, uint32_t days);

// Only data dated in this half-open range, in milliseconds since 1970-01-01T00:00:00Z.
int32_t hs_consent_request_data_period(struct hs_consent_request *request,
                                       int64_t from,
                                       int64_t to);

// No more than so many releases. Such grants apply where the space has an anchor only.
int32_t hs_consent_request_uses(struct hs_consent_request *request, uint32_t times);

// The text to show to the person: who, what, why, until when, what is not allowed and how to
// withdraw.
int32_t hs_notice(const struct hs_consent_request *request,
                  const uint8_t *language,
                  size_t language_len,
                  struct hs_buffer **notice);

// Records the person's consent to the notice that was made last: once. Without one, or a second time,
// it is HS_ERROR_MALFORMED. `method` is a word for the gesture ("tap"); `evidence` a hash of
// whatever the host keeps as its proof.
int32_t hs_grant(const struct hs_consent_request *request,
                 const uint8_t *method,
                 size_t method_len,
                 const struct hs_hash *evidence,
                 struct hs_id *grant);

// Frees a request. NULL is allowed.
void hs_consent_request_free(struct hs_consent_request *request);

// Begins to renew a grant that was not withdrawn, until so many days from now; `uses` is a new
// count, or 0 where it has none or keeps it.
int32_t hs_renewal_new(const struct hs_space *space,
                       const struct hs_id *grant,
                       uint32_t days,
                       uint32_t uses,
                       struct hs_renewal **renewal);

// The text to show to the person: what stood, what changes, and the whole notice.
int32_t hs_renewal_notice(const struct hs_renewal *renewal,
                          const uint8_t *language,
                          size_t language_len,
                          struct hs_buffer **notice);

// Records the renewal. `method` and `evidence` as for hs_grant.
int32_t hs_renew(const struct hs_renewal *renewal,
                 const uint8_t *method,
                 size_t method_len,
                 const struct hs_hash *evidence);

// Frees a renewal. NULL is allowed.
void hs_renewal_free(struct hs_renewal *renewal);

// A new conversation on behalf of a recipient ("model", "app", "person" or "organization", and a
// name), for one purpose (an HL7 v3-ActReason code).
int32_t hs_session_new(const struct hs_space *space,
                       const uint8_t *kind,
                       size_t kind_len,
                       const uint8_t *name,
                       size_t name_len,
                       const uint8_t *purpose_code,
                       size_t purpose_code_len,
                       struct hs_session **session);

// As hs_session_new(), for a conversation that reads this partition instead of the first health one. One
// of which no grant shows it anything is denied like one that is not there.
int32_t hs_session_new_within(const struct hs_space *space,
                              const uint8_t *partition,
                              size_t partition_len,
                              const uint8_t *kind,
                              size_t kind_len,
                              const uint8_t *name,
                              size_t name_len,
                              const uint8_t *purpose_code,
                              size_t purpose_code_len,
                              struct hs_session **session);

// A conversation that goes on, with the label that it had. NotFound where it released nothing.
int32_t hs_session_resume(const struct hs_space *space,
                          const struct hs_id *conversation,
                          const uint8_t *kind,
                          size_t kind_len,
                          const uint8_t *name,
                          size_t name_len,
                          const uint8_t *purpose_code,
                          size_t purpose_code_len,
                          struct hs_session **session);

// The id by which a conversation is resumed.
int32_t hs_session_conversation(const struct hs_session *session, struct hs_id *conversation);

// Facts that answer a question, computed and cited, within a budget of estimated tokens. "Today"
// is the day in the person's zone, minutes east of UTC. Its ledger entry is durable before this
// returns.
//
// Denied where no grant covers the request.
int32_t hs_ground(const struct hs_session *session,
                  const uint8_t *question,
                  size_t question_len,
                  size_t tokens,
                  int16_t zone_offset_minutes,
                  struct hs_context **context);

// Stores a text in a partition under the conversation's label.
//
// FlowDenied where the conversation has read what may not flow there.
int32_t hs_remember_in(const struct hs_session *session,
                       const uint8_t *partition,
                       size_t partition_len,
                       const uint8_t *memory,
                       size_t memory_len,
                       struct hs_id *record);

// Frees a session. NULL is allowed.
void hs_session_free(struct hs_session *session);

// The text for the model, borrowed from the context.
int32_t hs_context_text(const struct hs_context *context, const uint8_t **bytes, size_t *len);

// The position of the release in the partition's log, and whether its label forbids training a
// model with it (1) or not (0).
int32_t hs_context_release(const struct hs_context *context, uint64_t *entry, int32_t *no_training);

// How many citations the text has.
int32_t hs_context_citation_count(const struct hs_context *context, size_t *count);

// A citation, borrowed from the context. NotFound beyond the last.
int32_t hs_context_citation(const struct hs_context *context,
                            size_t index,
                            const struct hs_citation **citation);

// Frees a context and wipes its text. NULL is allowed.
void hs_context_free(struct hs_context *context);

// N of the text's `[r:N]`, and the record that it stands for.
int32_t hs_citation_record(const struct hs_citation *citation,
                           uint32_t *number,
                           struct hs_id *record);

// Of a wearable sample its position among the samples of its chunk that may be seen, by start; NotFound for what is
// none.
int32_t hs_citation_sample(const struct hs_citation *citation,
                           uint32_t *sample);

// The file that the record came from (BLAKE3 of its bytes, all zero where it came from none):
// which member of an archive, where in it, how many bytes.
int32_t hs_citation_source(const struct hs_citation *citation,
                           struct hs_hash *source,
                           uint32_t *member,
                           uint64_t *offset,
                           uint64_t *len);

// What is remembered in a partition, the newest first, what is quarantined too: of each its id,
// text, author ("assistant" or "person"), ai_asserted (HL7 AIAST: an assistant's, and not endorsed),
// endorsed, no_training, parents, at, and quarantine ("consent-ended", "source-gone" or null). Logged
// before it is shown.
int32_t hs_memories(const struct hs_space *space,
                    const uint8_t *partition,
                    size_t partition_len,
                    struct hs_buffer **list);

// The person writes a memory anew: its new id. `method` and `evidence` as for hs_grant.
int32_t hs_memory_edit(const struct hs_space *space,
                       const uint8_t *partition,
                       size_t partition_len,
                       const struct hs_id *memory,
                       const uint8_t *words,
                       size_t words_len,
                       const uint8_t *method,
                       size_t method_len,
                       const struct hs_hash *evidence,
                       struct hs_id *edited);

// The person vouches for a memory that an assistant wrote.
int32_t hs_memory_endorse(const struct hs_space *space,
                          const uint8_t *partition,
                          size_t partition_len,
                          const struct hs_id *memory,
                          const uint8_t *method,
                          size_t method_len,
                          const struct hs_hash *evidence);

// The person keeps a memory that is quarantined. NotFound where it is not.
int32_t hs_memory_keep(const struct hs_space *space,
                       const uint8_t *partition,
                       size_t partition_len,
                       const struct hs_id *memory,
                       const uint8_t *method,
                       size_t method_len,
                       const struct hs_hash *evidence);

// Deletes a memory with all that it said before.
int32_t hs_memory_delete(const struct hs_space *space,
                         const uint8_t *partition,
                         size_t partition_len,
                         const struct hs_id *memory,
                         const uint8_t *method,
                         size_t method_len,
                         const struct hs_hash *evidence);

// Deletes a whole conversation: its turns in every partition that is open, and for whom and what for it was held. Of
// what went and what is left: turns, memories (that were made in it, and stay: of each its partition and id), and
// unread (damaged, so that nobody knows of which conversation they are). NotFound where nothing of it is here.
int32_t hs_conversation_delete(const struct hs_space *space,
                               const struct hs_id *conversation,
                               const uint8_t *method,
                               size_t method_len,
                               const struct hs_hash *evidence,
                               struct hs_buffer **deleted);

// Every grant over the partitions that are open here: of each its id, partition, purpose,
// categories, recipient (kind, name), expires, uses_left (either null) and standing ("in-force",
// "not-yet", "expired", "withdrawn", "used-up", "unusable", "suspended", "unanchored").
int32_t hs_grants(const struct hs_space *space, struct hs_buffer **grants);

// All that is in force, whoever wrote it: of each its kind ("grant", "lowering", "imported"), its
// id, by which hs_withdraw takes it back, and its standing.
int32_t hs_permissions(const struct hs_space *space, struct hs_buffer **permissions);

// What this space promises as it stands: of each promise its name, claim, level ("promise",
// "configured", "logged", "verifiable", "witnessed"), evidence and does_not_prove.
int32_t hs_claims(const struct hs_space *space, struct hs_buffer **claims);

// Every recipient of what was released under a grant that is withdrawn since: grant, kind, recipient,
// releases, last_release, erased, withdrawn, due, state ("open", "notified", "acknowledged"), overdue.
// erased counts erased entries that may have been of releases to anybody; where there are any, one
// notice has null for kind and recipient.
int32_t hs_withdrawal_notices(const struct hs_space *space,
                              struct hs_buffer **notices);

// Enters that a recipient was told of a withdrawal: its kind ("model", ...) and its name. `method` and
// `evidence` say how, as for hs_grant. NotFound where nothing was released to it under that grant.
int32_t hs_recipient_notified(const struct hs_space *space,
                              const struct hs_id *grant,
                              const uint8_t *kind,
                              size_t kind_len,
                              const uint8_t *name,
                              size_t name_len,
                              const uint8_t *method,
                              size_t method_len,
                              const struct hs_hash *evidence);

// Enters that a recipient acknowledged a withdrawal; otherwise as hs_recipient_notified.
int32_t hs_recipient_acknowledged(const struct hs_space *space,
                                  const struct hs_id *grant,
                                  const uint8_t *kind,
                                  size_t kind_len,
                                  const uint8_t *name,
                                  size_t name_len,
                                  const uint8_t *method,
                                  size_t method_len,
                                  const struct hs_hash *evidence);

// What was released, handed out or refused, the oldest first: a list of texts in plain words.
int32_t hs_disclosure_log(const struct hs_space *space,
                          const uint8_t *language,
                          size_t language_len,
                          struct hs_buffer **lines);

// Looks through the space: whether nothing is damaged (1) or something is (0), and what was found
// in each scope: partition (null for the space's own), whole, damaged (counts by part), records (ids of
// those that do not open), entries (positions), unnamed, heads_agree. Damage is no error of this call.
int32_t hs_check(const struct hs_space *space,
                 int32_t *is_whole,
                 struct hs_buffer **scopes);

// An evidence file of releases: of one partition and to one recipient (its kind and its name), or of
// all where the text has length 0. Where partition_entries is not 0, it shows all of a partition's own log up to the last
// of them: that no withdrawal was entered there before, and how often a counted grant was used, and to whoever reads it
// also what else was entered there.
int32_t hs_evidence(const struct hs_space *space,
                    const uint8_t *partition,
                    size_t partition_len,
                    const uint8_t *kind,
                    size_t kind_len,
                    const uint8_t *name,
                    size_t name_len,
                    int32_t partition_entries,
                    struct hs_buffer **file);

// The verifier keys of all logs, one a line, that of the space's own log first.
int32_t hs_verifier_keys(const struct hs_space *space, struct hs_buffer **keys);

// Verifies an evidence file with verifier keys as hs_verifier_keys gives them; needs no space. Of
// each disclosure that it proves: entry, level ("logged", "verifiable"), grants, does_not_prove,
// and what it says in plain words (text).
int32_t hs_verify_evidence(const uint8_t *file,
                           size_t file_len,
                           const uint8_t *keys,
                           size_t keys_len,
                           const uint8_t *language,
                           size_t language_len,
                           struct hs_buffer **disclosures);

// Makes a backup, while the space is open and others write: its id, and the length of its file. The file
// is opened by hs_restore alone.
//
// AlreadyExists where something is at the path; no file is left by a call that fails.
int32_t hs_backup(const struct hs_space *space,
                  const uint8_t *path,
                  size_t path_len,
                  struct hs_id *backup,
                  uint64_t *bytes);

// As hs_backup, and what was left out where pages of the file are damaged, so that the backup was made row by row: a list
// of one with damaged (rows and entries that are named and do not open) and entered ("log", "backup" or "nowhere": where
// the entry stands that names it), or an empty list where it is a copy of the whole file. One that was made row by row is
// restored by hs_restore_damaged.
int32_t hs_backup_told(const struct hs_space *space,
                       const uint8_t *path,
                       size_t path_len,
                       struct hs_id *backup,
                       uint64_t *bytes,
                       struct hs_buffer **row_by_row);

// The backups that the space knows of: of each its id, made, entry, and erasures_since: where that is
// not 0, the backup holds what is gone here.
int32_t hs_known_copies(const struct hs_space *space,
                        struct hs_buffer **copies);

// Makes a space of a backup, at a path where nothing is, and opens it in full by its passphrase. Every
// permission waits for hs_confirm_permission. `anchor` is the path of an anchor, or of length 0.
// `later`, or NULL, is a later state of the same space, open in full: what was erased there is erased
// again. What came of it is a list of one: backup and made (or null), erasures ("unknown", "none",
// "replayed" or "replayed-in-part"), unaccounted (records, sources and entries that `later` lacks and that were not
// erased there, as far as is known: they are back), not_replayed (partitions, by name, of which it is not known what was
// erased in them), permissions, limited_ways_in, emptied (partitions of hs_restore_damaged, by name), refusals (consents
// from elsewhere that were filed since and refuse here too), and broken_logs (logs of which entries are lost, so that
// nothing proves that they continue what was signed before).
//
// NotASpace for anything but a backup; Corrupt where it is damaged; no file is left by a call that fails.
int32_t hs_restore(const uint8_t *backup,
                   size_t backup_len,
                   const uint8_t *to,
                   size_t to_len,
                   const uint8_t *secret,
                   size_t secret_len,
                   const uint8_t *anchor,
                   size_t anchor_len,
                   const struct hs_space *later,
                   const uint8_t *method,
                   size_t method_len,
                   const struct hs_hash *evidence,
                   struct hs_space **space,
                   struct hs_buffer **restored);

// As hs_restore, by the recovery code: on a new device, say.
int32_t hs_restore_recovery(const uint8_t *backup,
                            size_t backup_len,
                            const uint8_t *to,
                            size_t to_len,
                            const uint8_t *code,
                            size_t code_len,
                            const uint8_t *anchor,
                            size_t anchor_len,
                            const uint8_t *method,
                            size_t method_len,
                            const struct hs_hash *evidence,
                            struct hs_space **space,
                            struct hs_buffer **restored);

// Opens a space whose anchor is lost or knows another state, by the person's explicit act: it may be an
// older file that was put back, so that every permission waits for hs_confirm_permission; how many.
// `anchor` is the path of the anchor from now on, or of length 0.
int32_t hs_recover(const uint8_t *path,
                   size_t path_len,
                   const uint8_t *secret,
                   size_t secret_len,
                   const uint8_t *anchor,
                   size_t anchor_len,
                   const uint8_t *method,
                   size_t method_len,
                   const struct hs_hash *evidence,
                   struct hs_space **space,
                   uint64_t *permissions);

// Confirms a permission that waits since a restore or a recovery. NotFound where it does not.
int32_t hs_confirm_permission(const struct hs_space *space,
                              const struct hs_id *grant,
                              const uint8_t *method,
                              size_t method_len,
                              const struct hs_hash *evidence);

// Confirms every permission that waits since a restore; how many there were.
int32_t hs_confirm_all_permissions(const struct hs_space *space,
                                   const uint8_t *method,
                                   size_t method_len,
                                   const struct hs_hash *evidence,
                                   uint64_t *confirmed);

// Writes heads and key slots again whose one copy is damaged: how many heads, and whether the slots (1
// or 0). For what stands once there is the backup.
int32_t hs_repair(const struct hs_space *space,
                  uint64_t *heads,
                  int32_t *slots);

// The library's own keystore, in a directory of files: whoever can read it has what it keeps.
int32_t hs_keystore_software(const uint8_t *directory,
                             size_t directory_len,
                             struct hs_keystore **keystore);

// A keystore of the host's own functions, which are copied. Where this fails, `release` is not called.
int32_t hs_keystore_new(const struct hs_keystore_functions *functions,
                        struct hs_keystore **keystore);

// Frees a keystore. Spaces that were opened with it go on. NULL is allowed.
void hs_keystore_free(struct hs_keystore *keystore);

// As hs_create, with a keystore: a copy of the space's file then opens neither by guessing the passphrase nor,
// after hs_erase_from_copies, at all, but by its recovery code. `bound`, 1 or 0: whether the recovery code too
// opens nothing without the keystore; with the device lost, everything is then.
int32_t hs_create_with_keystore(const uint8_t *path,
                                size_t path_len,
                                const uint8_t *secret,
                                size_t secret_len,
                                const struct hs_keystore *keystore,
                                int32_t bound,
                                struct hs_space **space,
                                struct hs_buffer **recovery_code);

// As hs_open, with the keystore that the space was given.
int32_t hs_open_with_keystore(const uint8_t *path,
                              size_t path_len,
                              const uint8_t *secret,
                              size_t secret_len,
                              const struct hs_keystore *keystore,
                              struct hs_space **space);

// As hs_open_recovery, with the keystore that the space is bound to.
int32_t hs_open_recovery_with_keystore(const uint8_t *path,
                                       size_t path_len,
                                       const uint8_t *code,
                                       size_t code_len,
                                       const struct hs_keystore *keystore,
                                       struct hs_space **space);

// Erases records of a partition, memories and turns among them, for good: `records` has `count` ids. What was
// made from them goes as well. What came of it is a list of one: entry, level ("E0" where somebody was
// reading: see hs_sweep; else "E1"), records, derived, aside, unread (damaged memories, set aside as well),
// sources, keys, sealed_anew, undated, known_copies, copies_unknown (whether there may be more), salt (for
// hs_verify_erasure).
int32_t hs_erase_records(const struct hs_space *space,
                         const uint8_t *partition,
                         size_t partition_len,
                         const struct hs_id *records,
                         size_t count,
                         const uint8_t *method,
                         size_t method_len,
                         const struct hs_hash *evidence,
                         struct hs_buffer **erased);

// As hs_erase_records: what an imported file brought, and that it was imported.
int32_t hs_erase_source(const struct hs_space *space,
                        const uint8_t *partition,
                        size_t partition_len,
                        const struct hs_hash *source,
                        const uint8_t *method,
                        size_t method_len,
                        const struct hs_hash *evidence,
                        struct hs_buffer **erased);

// As hs_erase_records: memories and turns that rest on a grant.
int32_t hs_erase_consent(const struct hs_space *space,
                         const uint8_t *partition,
                         size_t partition_len,
                         const struct hs_id *grant,
                         const uint8_t *method,
                         size_t method_len,
                         const struct hs_hash *evidence,
                         struct hs_buffer **erased);

// As hs_erase_records: what happened from `from` on and before `up_to`, in milliseconds since 1970. Records
// that reach into that time go whole, samples by where they begin; `undated` counts what has no date and stays.
int32_t hs_erase_period(const struct hs_space *space,
                        const uint8_t *partition,
                        size_t partition_len,
                        int64_t from,
                        int64_t up_to,
                        const uint8_t *method,
                        size_t method_len,
                        const struct hs_hash *evidence,
                        struct hs_buffer **erased);

// As hs_erase_records: every record and source of the partition.
int32_t hs_erase_everything(const struct hs_space *space,
                            const uint8_t *partition,
                            size_t partition_len,
                            const uint8_t *method,
                            size_t method_len,
                            const struct hs_hash *evidence,
                            struct hs_buffer **erased);

// Sweeps the file after an erasure that reached "E0": 1 where it is "E1" now, 0 where somebody is reading.
int32_t hs_sweep(const struct hs_space *space,
                 const uint8_t *partition,
                 size_t partition_len,
                 uint64_t entry,
                 int32_t *swept);

// The certificate of an erasure as JSON, in "en" or "fr": the level that it has reached by now, against whom
// that holds, and the receipts that prove it.
int32_t hs_erasure_certificate(const struct hs_space *space,
                               const uint8_t *partition,
                               size_t partition_len,
                               uint64_t entry,
                               const uint8_t *language,
                               size_t language_len,
                               struct hs_buffer **certificate);

// Looks for what an erasure took: by the ids of the records (`count` of them) with the salt that it gave, or
// NULL; and in an older copy of the file, with the passphrase, the recovery code (each of
// length 0 where it is not tried) and the keystore, or NULL. What came of it is a list of one: claimed, confirmed (or
// null), entry (or null), tries (by, objects, opened), does_not_prove.
int32_t hs_verify_erasure(const struct hs_space *space,
                          const uint8_t *partition,
                          size_t partition_len,
                          uint64_t entry,
                          const struct hs_id *records,
                          size_t count,
                          const struct hs_hash *salt,
                          const uint8_t *older,
                          size_t older_len,
                          const uint8_t *secret,
                          size_t secret_len,
                          const uint8_t *code,
                          size_t code_len,
                          const struct hs_keystore *keystore,
                          struct hs_buffer **check);

// Gives the space new keys. The handle goes on under them; its sessions end, and other handles fail with
// Rekeyed. The passphrase, with the keystore (or NULL), and the recovery code are the ways
// in from then on; where the code is of length 0 a new one is issued, else `recovery_code` is empty. What came of
// it is a list of one: removed, old_copies (in words), level, since and entry (null where no keystore destroyed the
// old keys' secret), swept, entries_lost and pages_lost (damaged, and not carried along), emptied (partitions of
// hs_rotate_keys_damaged, by name), and permissions (that wait since to be confirmed). Nobody else may use the handle
// meanwhile.
//
// Corrupt where a partition is left out or a part of one is.
int32_t hs_rotate_keys(struct hs_space *space,
                       const uint8_t *secret,
                       size_t secret_len,
                       const uint8_t *code,
                       size_t code_len,
                       const struct hs_keystore *keystore,
                       struct hs_buffer **recovery_code,
                       struct hs_buffer **rotated);

// As hs_rotate_keys, and what was erased is taken from older copies of the file as well: the keystore destroys
// the secret of the old keys. LevelUnavailable where it does not hold it.
int32_t hs_erase_from_copies(struct hs_space *space,
                             const uint8_t *secret,
                             size_t secret_len,
                             const uint8_t *code,
                             size_t code_len,
                             const struct hs_keystore *keystore,
                             const uint8_t *method,
                             size_t method_len,
                             const struct hs_hash *evidence,
                             struct hs_buffer **recovery_code,
                             struct hs_buffer **rotated);

// What a loss concerns: of the "device"; of a "backup" or a "way_in" by `id` (NULL for others); or of the
// "entries" of a partition's log, from `from` on and before `to`. A list of one: partitions (name, records, clear),
// recipients (kind, name, releases, items, last, clear), erasures_since, does_not_say.
int32_t hs_breach_scope(const struct hs_space *space,
                        const uint8_t *lost,
                        size_t lost_len,
                        const struct hs_id *id,
                        const uint8_t *partition,
                        size_t partition_len,
                        uint64_t from,
                        uint64_t to,
                        struct hs_buffer **scope);

// Notes that the person typed the recovery code again, as it was shown; with the keystore (or NULL) where the space
// is bound to one. CannotOpen where it is not the code of this space.
int32_t hs_confirm_recovery_code(const struct hs_space *space,
                                 const uint8_t *code,
                                 size_t code_len,
                                 const struct hs_keystore *keystore);

// The ways in: of each its id, kind and whether it is confirmed.
int32_t hs_ways_in(const struct hs_space *space, struct hs_buffer **ways);

// As hs_open, for a space that it refuses with Corrupt because something in a partition is damaged: opens what is
// whole. By the passphrase or, where that has length 0, by the recovery code. `anchor` is the path of the anchor that
// the space was given, or of length 0; `keystore` its keystore, or NULL. hs_damaged_partitions says which partitions
// are concerned, hs_check what of them, and what is released says whether something is missing from it
// (hs_context_unread; a context says it in its text too). What takes all that there is fails with Corrupt: imports and
// erasures where what is not read may be concerned, hs_claims, and where a partition is left out hs_evidence. To go on
// from here: hs_backup and hs_restore_damaged, or hs_rotate_keys_damaged.
//
// Corrupt for damage in the space's own scope alone.
int32_t hs_open_damaged(const uint8_t *path,
                        size_t path_len,
                        const uint8_t *secret,
                        size_t secret_len,
                        const uint8_t *code,
                        size_t code_len,
                        const uint8_t *anchor,
                        size_t anchor_len,
                        const struct hs_keystore *keystore,
                        struct hs_space **space);

// As hs_recover, also where something in a partition is damaged, which it refuses with Corrupt: damaged lists of records
// are left behind, and a partition that is too damaged to be read begins anew, empty. By the passphrase or, where that has
// length 0, by the recovery code; `keystore` is the space's, or NULL. What came of it is a list of one: permissions (that
// wait for hs_confirm_permission), limited_ways_in (that are gone), emptied (partitions, by name) and broken_logs. Keep a
// copy of the file: this ends what a whole row could be put back into.
int32_t hs_recover_damaged(const uint8_t *path,
                           size_t path_len,
                           const uint8_t *secret,
                           size_t secret_len,
                           const uint8_t *code,
                           size_t code_len,
                           const uint8_t *anchor,
                           size_t anchor_len,
                           const struct hs_keystore *keystore,
                           const uint8_t *method,
                           size_t method_len,
                           const struct hs_hash *evidence,
                           struct hs_space **space,
                           struct hs_buffer **recovered);

// Names of the partitions of which something is damaged, in a handle of hs_open_damaged: a list of texts, of which one
// is empty for a partition whose name is damaged as well.
int32_t hs_damaged_partitions(const struct hs_space *space,
                              struct hs_buffer **names);

// How much of what the context was made from is damaged and could not be read; 0 where nothing is missing.
int32_t hs_context_unread(const struct hs_context *context,
                          uint64_t *unread);

// As hs_memories, which fails with Corrupt where a memory is damaged: those that can be read, and how many others
// there may be.
int32_t hs_readable_memories(const struct hs_space *space,
                             const uint8_t *partition,
                             size_t partition_len,
                             struct hs_buffer **list,
                             uint64_t *unread);

// As hs_restore, also of a backup in which something of a partition is damaged, which it refuses: what is whole is
// there then. By the passphrase or, where that has length 0, by the recovery code. A partition too damaged to be read
// is empty, and without the consents that were given there; its name is in emptied.
//
// Corrupt for damage in the space's own scope alone.
int32_t hs_restore_damaged(const uint8_t *backup,
                           size_t backup_len,
                           const uint8_t *to,
                           size_t to_len,
                           const uint8_t *secret,
                           size_t secret_len,
                           const uint8_t *code,
                           size_t code_len,
                           const uint8_t *anchor,
                           size_t anchor_len,
                           const struct hs_space *later,
                           const uint8_t *method,
                           size_t method_len,
                           const struct hs_hash *evidence,
                           struct hs_space **space,
                           struct hs_buffer **restored);

// As hs_rotate_keys, also where a partition is too damaged to be given new keys: it begins anew under its name, empty and
// without the consents that were given there; its name is in emptied. What stood in it is gone from the file: make a
// backup first, which holds it as it is, under the keys that it has.
int32_t hs_rotate_keys_damaged(struct hs_space *space,
                               const uint8_t *secret,
                               size_t secret_len,
                               const uint8_t *code,
                               size_t code_len,
                               const struct hs_keystore *keystore,
                               struct hs_buffer **recovery_code,
                               struct hs_buffer **rotated);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HEALTHSPACE_H */
