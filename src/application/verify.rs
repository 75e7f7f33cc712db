//! What an application's commits and secrets are bound to. Only our own applications have these fields.

use super::fields::{FieldError, Fields};

/// `spec.verify`: a commit is used only when one of these keys signed it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verification {
    /// `pgpKeys`: armoured OpenPGP public keys.
    pub pgp_keys: Vec<String>,
    /// `sshKeys`: SSH public keys, one line each, as in `authorized_keys` or `allowed_signers`.
    pub ssh_keys: Vec<String>,
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
        let verification = Self {
            pgp_keys: fields.texts("pgpKeys")?,
            ssh_keys: fields.texts("sshKeys")?,
        };
        // With nobody who may sign, nothing could ever be used; that nobody has to is said by leaving it out.
        if verification.pgp_keys.is_empty() && verification.ssh_keys.is_empty() {
            return Err(FieldError::NoContent {
                field: fields.path(),
                needed: "`pgpKeys` and `sshKeys`",
            });
        }
        Ok(verification)
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
