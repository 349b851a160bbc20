//! Events in plain words. A sentence says no more than the entry holds, and shows no id or hash.

use super::event::AuditEvent;
use super::field::ReleaseKind;
use crate::id::{Timestamp, civil_from_days};
use crate::label::{self, Label, PartitionKind, Purpose};
use crate::lang::{Lang, MONTHS};
use crate::record::{Category, category_words};
use std::collections::BTreeSet;

/// What happened, in one sentence without the time.
///
/// ```
/// use healthspace::{GrantId, Lang, audit::{AuditEvent, describe}};
/// let e = AuditEvent::Withdrawn { grant: GrantId::from_bytes([0; 16]), gesture: None };
/// assert_eq!(describe(&e, Lang::En), "A permission was withdrawn.");
/// assert_eq!(describe(&e, Lang::Fr), "Une autorisation a été retirée.");
/// ```
#[must_use]
pub fn describe(event: &AuditEvent, lang: Lang) -> String {
    match lang {
        Lang::En => english(event),
        Lang::Fr => french(event),
    }
}

fn english(event: &AuditEvent) -> String {
    use AuditEvent as E;
    let lang = Lang::En;
    match event {
        E::SpaceCreated {} => "The space was created.".into(),
        E::LogOpened { previous: None, .. } => "A log was begun.".into(),
        E::LogOpened { previous: Some(_), .. } => "A log was begun that continues an earlier one.".into(),
        E::LogNamed { .. } => "The log of a partition was named.".into(),
        E::PartitionCreated { kind: PartitionKind::Health, .. } => "A partition for health data was created.".into(),
        E::PartitionCreated { kind: PartitionKind::General, .. } => {
            "A general partition, without health data, was created.".into()
        }
        E::Granted { purpose, expires: None, .. } => {
            format!("A permission was given for {}, until it is withdrawn.", purpose_words(*purpose, lang))
        }
        E::Granted { purpose, expires: Some(end), .. } => {
            format!("A permission was given for {}, {}.", purpose_words(*purpose, lang), until(*end, lang))
        }
        E::Withdrawn { .. } => "A permission was withdrawn.".into(),
        E::ConsentImported { .. } => "A consent that was given elsewhere was added.".into(),
        E::Imported { records, facts, linked, issues, .. } => format!(
            "A file was imported: {}, {}, {} already present, {}.",
            many(*records, "record", "records"),
            many(*facts, "fact", "facts"),
            linked,
            many(*issues, "issue", "issues")
        ),
        E::ImportDiscarded { records, .. } => {
            format!("An import was discarded: {}.", many(*records, "record", "records"))
        }
        E::Released { purpose, grants, actor, count, label, kind, categories, .. } => {
            let who = actor.told(lang);
            let what = match kind {
                ReleaseKind::Read => format!("{} read", many_were(*count)),
                ReleaseKind::Ground => format!("{} given as context for an answer", many_were(*count)),
                ReleaseKind::Count => format!("{} counted", many_were(*count)),
                ReleaseKind::Reader => format!("{} opened for reading", many_were(*count)),
                ReleaseKind::File => format!("{} handed out as a file", many_were(*count)),
                ReleaseKind::More => {
                    let (training, purpose) = (training(*label, *purpose, lang), purpose_words(*purpose, lang));
                    let (many, of) = (many(*count, "item", "items"), list(categories, lang));
                    return format!("{who} was told that there is more than {many}{of}, for {purpose}{training}.");
                }
            };
            if grants.is_empty() {
                return format!("{what} by the person, in their own space{}.", list(categories, lang));
            }
            let what = match kind {
                ReleaseKind::Ground => {
                    format!("{} given to {who} as context for an answer,", many_were(*count))
                }
                ReleaseKind::File => format!("{what} to {who}"),
                _ => format!("{what} by {who}"),
            };
            let (training, purpose) = (training(*label, *purpose, lang), purpose_words(*purpose, lang));
            format!("{what} for {purpose}{training}{}.", list(categories, lang))
        }
        E::Refused { purpose, actor } => {
            format!("A request by {} for {} was refused.", actor.told(lang), purpose_words(*purpose, lang))
        }
        E::Remembered { parents, .. } => {
            format!("A memory was stored, derived from {}.", many(*parents, "item", "items"))
        }
        E::FlowDenied { into, purpose, actor, .. } => {
            let purpose = purpose.map_or_else(String::new, |p| format!(", for {}", purpose_words(p, lang)));
            match (into, actor.as_ref().map(|a| a.told(lang))) {
                (Some(_), Some(who)) => {
                    format!("Data that {who} was to write was kept from flowing into another partition{purpose}.")
                }
                (Some(_), None) => format!("Data was kept from flowing into another partition{purpose}."),
                (None, Some(who)) => format!("Data was kept from leaving the space to {who}{purpose}."),
                (None, None) => format!("Data was kept from leaving the space{purpose}."),
            }
        }
        E::Declassified { .. } => "The protection of an item was lowered by the person.".into(),
        E::SubjectPinned { .. } => "The person whom this space is about was recorded.".into(),
        E::SubjectConfirmed { .. } => "The person confirmed that a file is about them.".into(),
        E::ClockConfirmed { .. } => "The clock was confirmed.".into(),
        E::ConversationSaved { .. } => "The label of a conversation was saved.".into(),
        E::OriginalExported { .. } => "An imported file was handed out to the person as it was.".into(),
        E::Endorsed { .. } => "The person confirmed what was written for them.".into(),
        E::Heard { .. } => "The person said something in a conversation, in their own words.".into(),
        E::MemoryEdited { .. } => "A memory was edited by the person.".into(),
        E::MemoryDeleted { .. } => "A memory was deleted by the person.".into(),
        E::MemoryKept { .. } => "A memory was kept by the person, although what it rested on has ended.".into(),
        E::Quarantined { records } => {
            format!(
                "What it was made from is gone or was replaced: {} set aside.",
                many(*records, "memory was", "memories were")
            )
        }
        E::TurnAppended { .. } => "A turn of a conversation was stored.".into(),
        E::ClearanceChanged { gesture: Some(_), .. } => "The person changed what may be kept in a partition.".into(),
        E::ClearanceChanged { gesture: None, .. } => "Less may be kept in a partition than before.".into(),
        E::RecipientNotified { actor, .. } => format!("{} was told of a withdrawal.", actor.told(lang)),
        E::RecipientConfirmed { actor, .. } => format!("{} confirmed a withdrawal.", actor.told(lang)),
        E::Erased { what, .. } if what == "unnamed" => {
            "Content that nothing in the space names any more was destroyed with what the person had erased.".into()
        }
        E::Erased { records, sources, .. } => {
            let n = many(*records, "record was", "records were");
            let files =
                if *sources == 0 { String::new() } else { format!(", with {}", many(*sources, "source", "sources")) };
            format!("{n} erased by the person{files}.")
        }
        E::ErasureSwept { entry, .. } => {
            format!("Nothing is left in the file of what was erased (entry {entry}).")
        }
        E::BackedUp { .. } => "A backup of the space was begun.".into(),
        E::BackupFailed { .. } => "A backup could not be finished; there is none.".into(),
        E::Restored { permissions, erasures, .. } => {
            let unknown = match erasures.as_str() {
                "unknown" => " What was erased after it is not known and may be back.",
                "replayed-in-part" => " Not all that was erased after it is known; some of it may be back.",
                _ => "",
            };
            let n = many(*permissions, "permission waits", "permissions wait");
            format!("The space was restored from a backup; {n} to be confirmed.{unknown}")
        }
        E::Recovered { permissions, .. } => {
            let n = many(*permissions, "permission waits", "permissions wait");
            format!("The space goes on without what its anchor knew; {n} to be confirmed.")
        }
        E::PermissionConfirmed { .. } => "A permission was confirmed by the person.".into(),
        E::EntriesErased { entries, .. } => {
            let n = many(entries.len() as u64, "entry", "entries");
            format!("What {n} of this log said was erased by the person.")
        }
        E::EpochEnded { .. } => {
            "The person had what was erased taken from older copies of the file; the keys are new.".into()
        }
        E::EpochDestroyed { level, .. } => {
            format!("The device destroyed its part of the old keys, on which older copies of the file rest ({level}).")
        }
        E::ErasureChecked { level, objects, .. } => {
            format!("An erasure was checked: {objects} objects were tried, none opened ({level}).")
        }
        E::Renewed { expires, .. } => format!("A permission was renewed, {}.", until(*expires, lang)),
        E::GlassBroken { actor, until, .. } => {
            format!("{} took emergency access, until {} at the latest.", actor.told(lang), day_and_time(*until, lang))
        }
        E::WayInAdded { kind, .. } => format!("A way into the space was added: {}.", way_in(*kind, lang)),
        E::WayInChanged { kind, .. } => format!("A way into the space was changed: {}.", way_in(*kind, lang)),
        E::WayInRemoved { kind, .. } => format!("A way into the space was removed: {}.", way_in(*kind, lang)),
        E::LogRekeyed { .. } => "The space was given new keys.".into(),
        E::LogContinued { .. } => "The log goes on under its new key.".into(),
        E::RecoveryConfirmed { .. } => "The recovery code was typed again.".into(),
        E::GlassSeen { .. } => "The person saw the notice of an emergency access.".into(),
        E::Unknown { number, .. } => format!("An event that this version does not know (number {number})."),
    }
}

fn french(event: &AuditEvent) -> String {
    use AuditEvent as E;
    let lang = Lang::Fr;
    match event {
        E::SpaceCreated {} => "L’espace a été créé.".into(),
        E::LogOpened { previous: None, .. } => "Un journal a été ouvert.".into(),
        E::LogOpened { previous: Some(_), .. } => "Un journal a été ouvert à la suite d’un précédent.".into(),
        E::LogNamed { .. } => "Le journal d’une partition a été nommé.".into(),
        E::PartitionCreated { kind: PartitionKind::Health, .. } => {
            "Une partition pour les données de santé a été créée.".into()
        }
        E::PartitionCreated { kind: PartitionKind::General, .. } => {
            "Une partition générale, sans données de santé, a été créée.".into()
        }
        E::Granted { purpose, expires: None, .. } => {
            format!("Autorisation donnée jusqu’à son retrait\u{a0}; finalité\u{a0}: {}.", purpose_words(*purpose, lang))
        }
        E::Granted { purpose, expires: Some(end), .. } => format!(
            "Autorisation donnée {}\u{a0}; finalité\u{a0}: {}.",
            until(*end, lang),
            purpose_words(*purpose, lang)
        ),
        E::Withdrawn { .. } => "Une autorisation a été retirée.".into(),
        E::ConsentImported { .. } => "Un consentement donné ailleurs a été ajouté.".into(),
        E::Imported { records, facts, linked, issues, .. } => format!(
            "Un fichier a été importé\u{a0}: {}, {}, {}, {}.",
            plusieurs(*records, "enregistrement", "enregistrements"),
            plusieurs(*facts, "fait", "faits"),
            plusieurs(*linked, "déjà présent", "déjà présents"),
            plusieurs(*issues, "problème", "problèmes")
        ),
        E::ImportDiscarded { records, .. } => {
            format!("Un import a été abandonné\u{a0}: {}.", plusieurs(*records, "enregistrement", "enregistrements"))
        }
        E::Released { purpose, grants, actor, count, label, kind, categories, .. } => {
            let who = actor.told(lang);
            let what = match kind {
                ReleaseKind::Read => plusieurs(*count, "élément lu", "éléments lus"),
                ReleaseKind::Ground => {
                    plusieurs(*count, "élément fourni comme contexte", "éléments fournis comme contexte")
                }
                ReleaseKind::Count => plusieurs(*count, "élément compté", "éléments comptés"),
                ReleaseKind::Reader => plusieurs(*count, "élément ouvert en lecture", "éléments ouverts en lecture"),
                ReleaseKind::File => {
                    plusieurs(*count, "élément remis sous forme de fichier", "éléments remis sous forme de fichier")
                }
                ReleaseKind::More => {
                    let (training, purpose) = (training(*label, *purpose, lang), purpose_words(*purpose, lang));
                    let of = list(categories, lang);
                    let many = match count {
                        1 => "d’un élément".to_owned(),
                        n => format!("de {}", plusieurs(*n, "élément", "éléments")),
                    };
                    return format!(
                        "{who} a appris qu’il y a plus {many}\u{a0}; finalité\u{a0}: {purpose}{training}{of}."
                    );
                }
            };
            if grants.is_empty() {
                return format!("{what} par la personne, dans son propre espace{}.", list(categories, lang));
            }
            let what = match kind {
                ReleaseKind::Ground => {
                    let given = plusieurs(*count, "élément fourni", "éléments fournis");
                    format!("{given} à {who} comme contexte")
                }
                ReleaseKind::File => format!("{what} à {who}"),
                _ => format!("{what} par {who}"),
            };
            let (training, purpose) = (training(*label, *purpose, lang), purpose_words(*purpose, lang));
            let of = list(categories, lang);
            format!("{what}\u{a0}; finalité\u{a0}: {purpose}{training}{of}.")
        }
        E::Refused { purpose, actor } => format!(
            "Une demande de {} a été refusée\u{a0}; finalité\u{a0}: {}.",
            actor.told(lang),
            purpose_words(*purpose, lang)
        ),
        E::Remembered { parents, .. } => {
            format!("Un souvenir a été conservé, issu de {}.", plusieurs(*parents, "élément", "éléments"))
        }
        E::FlowDenied { into, purpose, actor, .. } => {
            let purpose = purpose.map_or_else(String::new, |p| {
                format!("\u{a0}; finalité\u{a0}: {}", purpose_words(p, lang))
            });
            match (into, actor.as_ref().map(|a| a.told(lang))) {
                (Some(_), Some(who)) => {
                    format!("Un transfert vers une autre partition, que {who} devait y écrire, a été empêché{purpose}.")
                }
                (Some(_), None) => format!("Un transfert vers une autre partition a été empêché{purpose}."),
                (None, Some(who)) => {
                    format!("Une sortie de données hors de l’espace, vers {who}, a été empêchée{purpose}.")
                }
                (None, None) => format!("Une sortie de données hors de l’espace a été empêchée{purpose}."),
            }
        }
        E::Declassified { .. } => "La protection d’un élément a été abaissée par la personne.".into(),
        E::SubjectPinned { .. } => "La personne concernée par cet espace a été enregistrée.".into(),
        E::SubjectConfirmed { .. } => "La personne a confirmé qu’un fichier la concerne.".into(),
        E::ClockConfirmed { .. } => "L’horloge a été confirmée.".into(),
        E::ConversationSaved { .. } => "L’étiquette d’une conversation a été enregistrée.".into(),
        E::OriginalExported { .. } => "Un fichier importé a été remis tel quel à la personne.".into(),
        E::Endorsed { .. } => "La personne a confirmé ce qui a été écrit pour elle.".into(),
        E::Heard { .. } => "La personne s’est exprimée dans une conversation, avec ses propres mots.".into(),
        E::MemoryEdited { .. } => "Un souvenir a été modifié par la personne.".into(),
        E::MemoryDeleted { .. } => "Un souvenir a été supprimé par la personne.".into(),
        E::MemoryKept { .. } => {
            "Un souvenir a été gardé par la personne, bien que ce dont il dépendait ait pris fin.".into()
        }
        E::Quarantined { records } => {
            format!(
                "Ce dont ils sont issus n’existe plus ou a été remplacé\u{a0}: {}.",
                plusieurs(*records, "souvenir mis de côté", "souvenirs mis de côté")
            )
        }
        E::TurnAppended { .. } => "Un tour de conversation a été conservé.".into(),
        E::ClearanceChanged { gesture: Some(_), .. } => {
            "La personne a changé ce qui peut être gardé dans une partition.".into()
        }
        E::ClearanceChanged { gesture: None, .. } => "Une partition admet moins de choses qu’avant.".into(),
        E::RecipientNotified { actor, .. } => format!("Retrait annoncé à {}.", actor.told(lang)),
        E::RecipientConfirmed { actor, .. } => format!("Retrait confirmé par {}.", actor.told(lang)),
        E::Erased { what, .. } if what == "unnamed" => {
            "Un contenu que plus rien dans l’espace ne nomme a été détruit avec ce que la personne a fait effacer.".into()
        }
        E::Erased { records, sources, .. } => {
            let n = plusieurs(*records, "donnée", "données");
            let files = if *sources == 0 {
                String::new()
            } else {
                format!(", avec {}", plusieurs(*sources, "fichier importé", "fichiers importés"))
            };
            format!("Effacement par la personne\u{a0}: {n}{files}.")
        }
        E::ErasureSwept { entry, .. } => {
            format!("Le fichier ne garde rien de ce qui a été effacé (entrée {entry}).")
        }
        E::BackedUp { .. } => "Une sauvegarde de l’espace a été commencée.".into(),
        E::BackupFailed { .. } => "Une sauvegarde n’a pas pu être achevée\u{a0}; elle n’existe pas.".into(),
        E::Restored { permissions, erasures, .. } => {
            let unknown = match erasures.as_str() {
                "unknown" => " Ce qui a été effacé depuis n’est pas connu et peut être revenu.",
                "replayed-in-part" => " Ce qui a été effacé depuis n’est connu qu’en partie\u{a0}; le reste peut être revenu.",
                _ => "",
            };
            let n = plusieurs(*permissions, "autorisation attend", "autorisations attendent");
            format!("L’espace a été restauré depuis une sauvegarde\u{a0}; {n} confirmation.{unknown}")
        }
        E::Recovered { permissions, .. } => {
            let n = plusieurs(*permissions, "autorisation attend", "autorisations attendent");
            format!("L’espace continue sans ce que son ancre savait\u{a0}; {n} confirmation.")
        }
        E::PermissionConfirmed { .. } => "Une autorisation a été confirmée par la personne.".into(),
        E::EntriesErased { entries, .. } => {
            let n = plusieurs(entries.len() as u64, "entrée", "entrées");
            format!("Contenu effacé de ce journal par la personne\u{a0}: {n}.")
        }
        E::EpochEnded { .. } => {
            "La personne a fait retirer ce qui a été effacé des copies plus anciennes du fichier\u{a0}; les clés sont nouvelles."
                .into()
        }
        E::EpochDestroyed { level, .. } => {
            format!("L’appareil a détruit sa part des anciennes clés, sur laquelle reposent les copies plus anciennes du fichier ({level}).")
        }
        E::ErasureChecked { level, objects, .. } => {
            format!("Un effacement a été vérifié\u{a0}: {objects} objets essayés, aucun ne s’ouvre ({level}).")
        }
        E::Renewed { expires, .. } => format!("Une autorisation a été renouvelée {}.", until(*expires, lang)),
        E::GlassBroken { actor, until, .. } => {
            let until = day_and_time(*until, lang);
            format!("{} a pris un accès d’urgence, jusqu’au {until} au plus tard.", actor.told(lang))
        }
        E::WayInAdded { kind, .. } => format!("Accès à l’espace ajouté\u{a0}: {}.", way_in(*kind, lang)),
        E::WayInChanged { kind, .. } => format!("Accès à l’espace changé\u{a0}: {}.", way_in(*kind, lang)),
        E::WayInRemoved { kind, .. } => format!("Accès à l’espace retiré\u{a0}: {}.", way_in(*kind, lang)),
        E::LogRekeyed { .. } => "L’espace a reçu de nouvelles clés.".into(),
        E::LogContinued { .. } => "Le journal continue sous sa nouvelle clé.".into(),
        E::RecoveryConfirmed { .. } => "Le code de récupération a été saisi de nouveau.".into(),
        E::GlassSeen { .. } => "La personne a vu l’avis d’un accès d’urgence.".into(),
        E::Unknown { number, .. } => format!("Événement inconnu de cette version (numéro {number})."),
    }
}

/// A way in by its number.
pub(crate) const fn way_in(kind: u64, lang: Lang) -> &'static str {
    match (kind, lang) {
        (1, Lang::En) => "passphrase",
        (1, Lang::Fr) => "phrase secrète",
        (2, Lang::En) => "passphrase with this device",
        (2, Lang::Fr) => "phrase secrète avec cet appareil",
        (3, Lang::En) => "this device alone",
        (3, Lang::Fr) => "cet appareil seul",
        (4, Lang::En) => "recovery code",
        (4, Lang::Fr) => "code de récupération",
        (5, Lang::En) => "a program, for some partitions",
        (5, Lang::Fr) => "un programme, pour certaines partitions",
        (_, Lang::En) => "of a kind that this version does not know",
        (_, Lang::Fr) => "d’une sorte inconnue de cette version",
    }
}

fn many(n: u64, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

fn many_were(n: u64) -> String {
    many(n, "item was", "items were")
}

/// French counts nothing in the singular.
fn plusieurs(n: u64, one: &str, more: &str) -> String {
    format!("{n} {}", if n < 2 { one } else { more })
}

/// A day in words, in UTC.
pub(crate) fn day(t: Timestamp, lang: Lang) -> String {
    let (year, month, day) = civil_from_days(t.as_millis().div_euclid(86_400_000));
    let (en, fr) = MONTHS.get(usize::from(month.saturating_sub(1))).copied().unwrap_or_default();
    match (lang, day) {
        (Lang::En, _) => format!("{day} {en} {year}"),
        (Lang::Fr, 1) => format!("1er {fr} {year}"),
        (Lang::Fr, _) => format!("{day} {fr} {year}"),
    }
}

/// Hours and minutes, in UTC.
pub(super) fn clock(t: Timestamp, lang: Lang) -> String {
    let minutes = t.as_millis().rem_euclid(86_400_000) / 60_000;
    let (h, m) = (minutes / 60, minutes % 60);
    match lang {
        Lang::En => format!("{h:02}:{m:02} UTC"),
        Lang::Fr => format!("{h}\u{a0}h\u{a0}{m:02} UTC"),
    }
}

/// A day and the minute in it, in UTC.
pub(crate) fn day_and_time(t: Timestamp, lang: Lang) -> String {
    let (day, clock) = (day(t, lang), clock(t, lang));
    match lang {
        Lang::En => format!("{day} at {clock}"),
        Lang::Fr => format!("{day} à {clock}"),
    }
}

/// An excluded end, as the notice says it: a midnight is the end of the day before.
fn until(t: Timestamp, lang: Lang) -> String {
    let midnight = t.as_millis().rem_euclid(86_400_000) == 0;
    match (midnight, lang) {
        (true, Lang::En) => format!("until the end of {}", day(t.plus_millis(-1), lang)),
        (true, Lang::Fr) => format!("jusqu’à la fin du {}", day(t.plus_millis(-1), lang)),
        (false, Lang::En) => format!("until {}", day_and_time(t, lang)),
        (false, Lang::Fr) => format!("jusqu’au {}", day_and_time(t, lang)),
    }
}

/// The label of health data forbids training wherever it is; what is released for it is told by its purpose.
fn training(label: Label, purpose: Purpose, lang: Lang) -> &'static str {
    match (label.no_training() && purpose != Purpose::MlTraining, lang) {
        (false, _) => "",
        (true, Lang::En) => ", not for training AI models",
        (true, Lang::Fr) => ", sans entraînement de modèles d’IA",
    }
}

/// Of which categories something was, behind a sentence that says how much.
fn list(categories: &BTreeSet<Category>, lang: Lang) -> String {
    let words = |c: &Category| match (lang, category_words(*c)) {
        (Lang::En, (en, _)) => en,
        (Lang::Fr, (_, fr)) => fr,
    };
    let all: Vec<&str> = categories.iter().map(words).collect();
    match (all.is_empty(), lang) {
        (true, _) => String::new(),
        (false, Lang::En) => format!(": {}", all.join("; ")),
        (false, Lang::Fr) => format!("\u{a0}: {}", all.join("\u{a0}; ")),
    }
}

/// A purpose as a noun phrase.
pub(super) const fn purpose_words(purpose: Purpose, lang: Lang) -> &'static str {
    match (label::purpose_words(purpose), lang) {
        ((en, _), Lang::En) => en,
        ((_, fr), Lang::Fr) => fr,
    }
}
