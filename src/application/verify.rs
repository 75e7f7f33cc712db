//! What an application's commits and secrets are bound to. Only our own applications have these fields.

use super::fields::{FieldError, Fields};

/// `spec.verify`: what is fetched is used only when one of these signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verification {
    /// `mode`: what must be signed.
    pub mode: VerifyMode,
    /// `signers`: public keys one after the other, armoured OpenPGP blocks, lines of `allowed_signers`, SSH keys.
    pub signers: String,
}

/// What must be signed of a revision, by Flux's names.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum VerifyMode {
    /// `HEAD`: the commit.
    #[default]
    Head,
    /// `Tag`: the annotated tag by which it was asked for.
    Tag,
    /// `TagAndHEAD`: both.
    TagAndHead,
}

/// `spec.secrets`: what an application's secrets may be opened with.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Secrets {
    /// `keys`: the names of Secrets, in the application's namespace, that hold keys.
    pub keys: Vec<String>,
    /// `vaultRole`: as whom Vault is asked.
    pub vault_role: Option<String>,
}

impl Verification {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        let mode = match fields.text("mode")?.as_deref() {
            None => VerifyMode::default(),
            Some("HEAD" | "head") => VerifyMode::Head,
            Some("Tag") => VerifyMode::Tag,
            Some("TagAndHEAD") => VerifyMode::TagAndHead,
            Some(_) => {
                return Err(FieldError::WrongWord {
                    field: fields.path_to("mode"),
                    expected: "`HEAD`, `Tag` and `TagAndHEAD`",
                });
            }
        };
        Ok(Self {
            mode,
            // With nobody who may sign, nothing could ever be used; that nobody has to is said by leaving it all out.
            signers: fields.required_text("signers")?,
        })
    }
}

impl Secrets {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            keys: fields.texts("keys")?,
            vault_role: fields.text("vaultRole")?,
        })
    }
}
