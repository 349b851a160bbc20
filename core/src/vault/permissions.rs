//! Everything that the person has allowed or refused, in one list.

use super::consents::ImportedConsent;
use super::flow::DeclassifyInfo;
use super::grants::GrantInfo;
use super::space::HealthSpace;
use crate::consent::Standing;
use crate::error::Result;
use crate::id::GrantId;

/// A consent that counts in this space, whatever it is about and whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permission {
    /// Somebody may see data of a partition: given here.
    Grant(GrantInfo),
    /// Labels may be lowered from one partition into another.
    Lowering(DeclassifyInfo),
    /// Given elsewhere and filed here: it permits, refuses, or both.
    Imported(ImportedConsent),
}

impl Permission {
    /// By which it is withdrawn, whichever it is.
    #[must_use]
    pub const fn id(&self) -> GrantId {
        match self {
            Self::Grant(g) => g.id,
            Self::Lowering(l) => l.id,
            Self::Imported(c) => c.id,
        }
    }

    /// Where it stands now.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Grant(g) => g.standing,
            Self::Lowering(l) => l.standing,
            Self::Imported(c) => c.standing,
        }
    }

    /// Whether anything is decided by it now, or will be from some day on. A consent that cannot be
    /// read refuses everything, so it counts; so does one that waits to be
    /// [confirmed](HealthSpace::confirm_permission) after a restore, or because it names another patient.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        use Standing::{InForce, NotYet, Suspended, Unanchored, Unusable};
        matches!(self.standing(), InForce | NotYet | Unusable | Suspended | Unanchored)
    }
}

impl HealthSpace {
    /// All that is in force over the partitions that are open here: grants, consents to lower a
    /// label, and consents from elsewhere. What is not in this list permits nothing; a grant that
    /// is used up goes on refusing training. Each is withdrawn by [`withdraw`](Self::withdraw).
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-permissions-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let gesture = Gesture { method: "tap".into(), evidence: [0; 32] };
    /// let refusal = br#"{"resourceType":"Consent","id":"1","status":"active","provision":{"type":"deny"}}"#;
    /// space.import_consents(refusal, gesture)?;
    /// for permission in space.permissions()? {
    ///     space.withdraw(permission.id())?;
    /// }
    /// assert!(space.permissions()?.is_empty());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked), and what rereading the heads can yield.
    pub fn permissions(&self) -> Result<Vec<Permission>> {
        let mut all: Vec<Permission> = self.grants()?.into_iter().map(Permission::Grant).collect();
        all.extend(self.declassify_grants()?.into_iter().map(Permission::Lowering));
        all.extend(self.imported_consents()?.into_iter().map(Permission::Imported));
        all.retain(Permission::is_in_force);
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Purpose;
    use crate::record::Category;
    use crate::vault::tests::{allow, clock, gesture, unlock};

    fn refusal(more: &str) -> String {
        format!(r#"{{"resourceType":"Consent","id":"1"{more},"status":"active","provision":{{"type":"deny"}}}}"#)
    }

    #[test]
    fn whatever_is_in_force_stands_in_one_list_and_is_withdrawn_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
        assert!(space.permissions().unwrap().is_empty());
        let grant = allow(&space, &[Category::Laboratory]).id();
        let ask = space.declassify_request("health", "general", Purpose::PatientRequest);
        ask.notice("en").unwrap();
        let lowering = ask.agree(gesture()).unwrap().id();
        let filed = space.import_consents(refusal("").as_bytes(), gesture()).unwrap().filed[0];
        let unreadable = refusal(r#","identifier":[{"system":"urn:x","value":"x"}],"implicitRules":"y""#);
        let unreadable = space.import_consents(unreadable.as_bytes(), gesture()).unwrap().filed[0];
        let list = space.permissions().unwrap();
        assert!(matches!(&list[0], Permission::Grant(g) if g.id == grant));
        assert!(matches!(&list[1], Permission::Lowering(l) if l.id == lowering));
        let imported: std::collections::BTreeSet<_> = list[2..].iter().map(Permission::id).collect();
        assert_eq!(imported, [filed, unreadable].into());
        for (n, p) in list.iter().enumerate() {
            assert_eq!(space.permissions().unwrap().len(), list.len() - n);
            space.withdraw(p.id()).unwrap();
        }
        assert!(space.permissions().unwrap().is_empty());
        assert_eq!((space.grants().unwrap().len(), space.imported_consents().unwrap().len()), (1, 2));
    }

    /// Two consents of one id could not both be withdrawn by it.
    #[test]
    fn a_file_cannot_take_the_id_of_a_consent_that_was_given_here() {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
        let grant = allow(&space, &[Category::Laboratory]).id();
        let ask = space.declassify_request("health", "general", Purpose::PatientRequest);
        ask.notice("en").unwrap();
        let lowering = ask.agree(gesture()).unwrap().id();
        for id in [grant, lowering] {
            let h = id.to_hex();
            let urn = format!("urn:uuid:{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..]);
            let text = refusal(&format!(r#","identifier":[{{"system":"urn:ietf:rfc:3986","value":"{urn}"}}]"#));
            let report = space.import_consents(text.as_bytes(), gesture()).unwrap();
            assert_eq!((report.conflicting, report.filed.len()), (1, 0));
        }
        assert!(space.imported_consents().unwrap().is_empty());
    }
}
