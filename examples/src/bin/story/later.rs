//! What comes later in the life of a space: a grant for one time and its renewal, a sentence that
//! the person lets out, what is promised, and an entry that is erased.

use super::{HEALTH, Told, expect, gesture, request, say, size, step};
use healthspace::audit::AuditEvent;
use healthspace::consent::Recipient;
use healthspace::grounding::{Budget, Composed};
use healthspace::{
    Audited, Confidentiality, Declassify, Error, GrantId, HealthSpace, Lowering, Purpose, Session, verify_consistency,
    verify_receipt,
};
use healthspace_examples::args::Options;

pub(super) fn tell(
    space: &HealthSpace,
    session: &Session,
    recipient: &Recipient,
    context: &Audited<Composed>,
    options: &Options,
) -> Told {
    if let Some(grant) = one_time(space, session, recipient, options)? {
        renew(space, session, grant, options)?;
    }
    let_out(space, recipient, options)?;
    erase(space, context, options)?;
    promises(space)
}

fn ask(session: &Session, options: &Options) -> Result<u64, Error> {
    session.ground(options.question(), Budget::tokens(options.tokens)).map(|c| c.receipt().count)
}

/// The use is taken with the entry of the release, so that a crash gives none back and costs none.
fn one_time(space: &HealthSpace, session: &Session, recipient: &Recipient, options: &Options) -> Told<Option<GrantId>> {
    step("A grant for one time");
    if space.info()?.freshness == "unverified" {
        say("  not given: an older copy of this file would bring a use back, and no anchor would notice");
        return Ok(None);
    }
    let once = request(space, recipient, options).expires_in_days(7).uses(1);
    let grant = once.confirm(gesture(&once.notice(&options.lang)?))?;
    say(&format!("  the question is answered with {} facts", ask(session, options)?));
    expect(
        matches!(ask(session, options), Err(Error::Denied)),
        "asked again: refused, it is used up",
        "it was used twice",
    )?;
    Ok(Some(grant.id()))
}

/// A new version of the same grant: the notice says what stood and what changes.
fn renew(space: &HealthSpace, session: &Session, grant: GrantId, options: &Options) -> Told {
    step("Renewing it");
    let renewal = space.renewal(grant).expires_in_days(30).uses(1);
    let notice = renewal.notice(&options.lang)?;
    notice.split("\n\n").next().unwrap_or_default().lines().for_each(|l| say(&format!("  {l}")));
    renewal.confirm(gesture(&notice))?;
    say(&format!("  the question is answered with {} facts, once more", ask(session, options)?));
    Ok(())
}

/// Health data goes into the general partition where the person says so, a sentence at a time.
fn let_out(space: &HealthSpace, recipient: &Recipient, options: &Options) -> Told {
    step("Letting one sentence out of `health`");
    // A conversation of its own: what was read in the other one rests on a grant that is withdrawn.
    let session = space.session(recipient.clone(), Purpose::PatientRequest)?;
    let words = "Cook with less salt.";
    say(&format!("  the person says, and it is kept in `health`: {words}"));
    let noted = session.keep(&session.heard(words, gesture(words))?, "health")?;
    let lower = space.declassify_request("health", "general", Purpose::PatientRequest);
    let lower = lower.dropping(Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE });
    let notice = lower.notice(&options.lang)?;
    let value = space.partition("health")?.memory_value(noted)?;
    let what = Declassify {
        value: &value,
        into: "general",
        grant: lower.confirm(gesture(&notice))?.id(),
        also: Lowering::NONE,
    };
    let asked = "Tell the cook.";
    let model = space.declassify(&what, &session.say(asked)?, gesture(asked));
    expect(
        matches!(model, Err(Error::FlowDenied)),
        "the model asks to pass it on: refused",
        "a model lowered a label",
    )?;
    space.declassify(&what, &session.heard(asked, gesture(asked))?, gesture(asked))?;
    let there = space.partition("general")?.memories()?.into_whole()?;
    let told = there.iter().find(|m| m.text == words);
    let kept = told.is_some_and(|m| m.label.no_training());
    expect(kept, "the person asks to: it stands in `general` as well, still not for training", "the label was lost")
}

/// What an entry said goes, its place in the tree stays.
fn erase(space: &HealthSpace, context: &Audited<Composed>, options: &Options) -> Told {
    step("Erasing what an entry said");
    let refused = |l: &&healthspace::LogLine| matches!(l.entry.event, AuditEvent::Refused { .. });
    let log = space.log(HEALTH)?;
    let Some(line) = log.iter().find(refused) else { return Ok(()) };
    say(&format!("  entry {} of the partition's log: {}", line.index, line.describe(&options.lang)));
    let (key, kept, size) = (space.verifier_key(HEALTH)?, space.checkpoint(HEALTH)?, size(space)?);
    space.erase_entries(HEALTH, &[line.index], gesture("erase"))?;
    let gone = space.log(HEALTH)?.iter().all(|l| l.index != line.index);
    expect(
        gone && space.receipt(HEALTH, line.index).is_err(),
        "nobody reads or proves it any more",
        "it is still there",
    )?;
    let receipt = verify_receipt(&space.receipt(HEALTH, context.receipt().entry)?, &key);
    let grown = verify_consistency(&kept, &space.consistency(HEALTH, size)?, &key);
    expect(receipt.is_ok() && grown.is_ok(), "the other receipts and the log as a whole still hold", "a proof broke")
}

/// Every promise as the space stands, and what is not proven.
fn promises(space: &HealthSpace) -> Told {
    step("What is promised, how far, and what it does not prove");
    for c in space.claims()? {
        say(&format!("  {} ({}): {}", c.name, c.level.code(), c.claim));
        say(&format!("      not proven: {}", c.does_not_prove.join("; ")));
    }
    Ok(())
}
