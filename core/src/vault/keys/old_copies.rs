//! What a change of keys leaves to whoever kept an older copy of the file.

use crate::lang::Lang;

/// What an older copy of the file (a backup, a synchronised folder, a thief's) still allows. Nothing
/// that is done to a file reaches its copies; to be told to the person with the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OldCopies {
    /// No way in was taken away: older copies open as they did.
    OpenAsBefore,
    /// An older copy opens with the secret that was changed or removed, and shows what the space held
    /// when it was copied. The root key in it opens this file too, with all that comes, until the keys
    /// are rotated.
    OpenWithTheOldSecret,
    /// The keystore destroyed its part: neither an older copy nor this file opens by the way in that
    /// was changed or removed, even for somebody who knows the passphrase. Whoever had opened the space
    /// by it before may have kept the root key, which opens this file until the keys are rotated.
    LackTheDevicesPart {
        /// Whether putting back an older state of the device leaves it destroyed, as the keystore says.
        rollback_resistant: bool,
    },
    /// After a rotation: an older copy opens with the ways in that it had, and shows what the space held
    /// when it was copied. No key in it opens what is written to this file from now on.
    OpenUpToTheRotation,
    /// As [`OpenUpToTheRotation`](Self::OpenUpToTheRotation); and the keystore destroyed the secret of the
    /// old keys, so that older copies open by the recovery code that they had and by nothing else.
    OpenByTheRecoveryCodeAlone {
        /// Whether putting back an older state of the device leaves it destroyed, as the keystore says.
        rollback_resistant: bool,
    },
    /// As [`OpenByTheRecoveryCodeAlone`](Self::OpenByTheRecoveryCodeAlone), in a space whose recovery code
    /// opens nothing without the device: older copies open no more.
    OpenNoMore {
        /// Whether putting back an older state of the device leaves it destroyed, as the keystore says.
        rollback_resistant: bool,
    },
}

impl OldCopies {
    /// In plain words, for the person.
    #[must_use]
    pub fn describe(self, language: &str) -> &'static str {
        match (self, Lang::parse(language)) {
            (Self::OpenAsBefore, Lang::En) => "Older copies of the file open as they did.",
            (Self::OpenAsBefore, Lang::Fr) => "Les copies plus anciennes du fichier s’ouvrent comme avant.",
            (Self::OpenWithTheOldSecret, Lang::En) => {
                "Older copies of the file still open with the old secret; with such a copy and that secret this file can be read too, until the keys are rotated."
            }
            (Self::OpenWithTheOldSecret, Lang::Fr) => {
                "Les copies plus anciennes du fichier s’ouvrent encore avec l’ancien secret\u{a0}; une telle copie et ce secret permettent aussi de lire ce fichier, tant que les clés n’ont pas été renouvelées."
            }
            (Self::LackTheDevicesPart { rollback_resistant: true }, Lang::En) => {
                "Neither older copies of the file nor this one open with the old secret: this device destroyed its part."
            }
            (Self::LackTheDevicesPart { rollback_resistant: true }, Lang::Fr) => {
                "Ni les copies plus anciennes du fichier ni celui-ci ne s’ouvrent avec l’ancien secret\u{a0}: cet appareil a détruit sa part."
            }
            (Self::LackTheDevicesPart { rollback_resistant: false }, Lang::En) => {
                "Neither older copies of the file nor this one open with the old secret, unless an older state of this device is put back: it destroyed its part."
            }
            (Self::LackTheDevicesPart { rollback_resistant: false }, Lang::Fr) => {
                "Ni les copies plus anciennes du fichier ni celui-ci ne s’ouvrent avec l’ancien secret, sauf si un état antérieur de cet appareil est rétabli\u{a0}: il a détruit sa part."
            }
            (Self::OpenUpToTheRotation, Lang::En) => {
                "Older copies of the file still open with the ways in they had, and show what they held; what is written from now on stays closed to whoever has them."
            }
            (Self::OpenUpToTheRotation, Lang::Fr) => {
                "Les copies plus anciennes du fichier s’ouvrent encore par les accès qu’elles avaient et montrent ce qu’elles contenaient\u{a0}; ce qui est écrit désormais reste fermé à qui les possède."
            }
            (Self::OpenByTheRecoveryCodeAlone { rollback_resistant: true }, Lang::En) => {
                "Older copies of the file open by the recovery code they had and by nothing else; what is written from now on stays closed to whoever has them."
            }
            (Self::OpenByTheRecoveryCodeAlone { rollback_resistant: true }, Lang::Fr) => {
                "Les copies plus anciennes du fichier ne s’ouvrent plus que par le code de récupération qu’elles avaient\u{a0}; ce qui est écrit désormais reste fermé à qui les possède."
            }
            (Self::OpenByTheRecoveryCodeAlone { rollback_resistant: false }, Lang::En) => {
                "Older copies of the file open by the recovery code they had and, unless an older state of this device is put back, by nothing else; what is written from now on stays closed to whoever has them."
            }
            (Self::OpenByTheRecoveryCodeAlone { rollback_resistant: false }, Lang::Fr) => {
                "Les copies plus anciennes du fichier ne s’ouvrent plus que par le code de récupération qu’elles avaient, sauf si un état antérieur de cet appareil est rétabli\u{a0}; ce qui est écrit désormais reste fermé à qui les possède."
            }
            (Self::OpenNoMore { rollback_resistant: true }, Lang::En) => "Older copies of the file open no more.",
            (Self::OpenNoMore { rollback_resistant: true }, Lang::Fr) => {
                "Les copies plus anciennes du fichier ne s’ouvrent plus."
            }
            (Self::OpenNoMore { rollback_resistant: false }, Lang::En) => {
                "Older copies of the file open no more, unless an older state of this device is put back."
            }
            (Self::OpenNoMore { rollback_resistant: false }, Lang::Fr) => {
                "Les copies plus anciennes du fichier ne s’ouvrent plus, sauf si un état antérieur de cet appareil est rétabli."
            }
        }
    }
}
