//! Passphrases of protected keys: from `LOCKSTEP_PASSPHRASE`, else from the terminal.

use secret::{SecretBytes, SecretString};
use sops::keys::{Passphrase, PassphraseRequest};

/// Answers with the variable's passphrase first, then asks the person at the terminal, where there is one.
pub(super) struct PassphrasePrompt {
    variable: Option<SecretBytes>,
}

impl PassphrasePrompt {
    pub(super) const fn new(variable: Option<SecretBytes>) -> Self {
        Self { variable }
    }
}

impl Passphrase for PassphrasePrompt {
    fn ask(&self, request: &PassphraseRequest<'_>) -> Option<SecretString> {
        if let Some(variable) = &self.variable {
            // A second request means that the variable's answer was wrong, and it will not get better.
            return (request.attempt == 1)
                .then(|| {
                    std::str::from_utf8(variable.expose())
                        .ok()
                        .map(SecretString::copy_of)
                })
                .flatten();
        }
        let name = request.key.map(|key| format!(" {key}")).unwrap_or_default();
        let prompt = format!(
            "Passphrase for the {}{name} in {}: ",
            request.kind, request.source
        );
        rpassword::prompt_password(prompt)
            .ok()
            .map(SecretString::new)
    }
}
