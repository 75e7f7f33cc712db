//! The second stage: Secrets in the place of SealedSecrets.
//!
//! It sees objects only, so that it can run somewhere else than rendering: where the sealing keys are.

use goyaml::{Value, emit};
use sealed::{OpenOptions, ParseError, SealedSecret, SealingKeys};
use secret::Redactor;

use super::mask;
use super::render::Rendered;
use super::resource::{Identity, IdentityError, Opening, Origin, Resource};

/// The objects as they would be applied.
pub struct Desired {
    resources: Vec<Resource>,
}

/// What becomes of SealedSecrets.
pub enum SealedPolicy<'a> {
    /// They stay, for a controller in the cluster to open.
    Keep,
    /// They become the Secrets that they hold.
    Open {
        /// The private keys.
        keys: &'a SealingKeys,
        /// What is allowed on the way.
        options: OpenOptions,
        /// Learns every value that is opened.
        redactor: &'a Redactor,
    },
}

/// Why an object cannot be materialised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialiseError {
    /// It is no object that a cluster takes.
    #[error("{origin}: not a Kubernetes object")]
    Object {
        /// Its place.
        origin: Box<Origin>,
        /// What is missing.
        source: IdentityError,
    },
    /// It is no valid SealedSecret.
    #[error("{origin}: {identity}")]
    Malformed {
        /// Its place.
        origin: Box<Origin>,
        /// The object, as a person may see it.
        identity: Box<Identity>,
        /// What is wrong.
        source: ParseError,
    },
    /// It does not open.
    #[error("{origin}: {identity}")]
    Sealed {
        /// Its place.
        origin: Box<Origin>,
        /// The object, as a person may see it.
        identity: Box<Identity>,
        /// Why.
        source: sealed::OpenError,
    },
}

impl MaterialiseError {
    /// The stable name of the reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Object { source, .. } => source.reason(),
            Self::Malformed { source, .. } => source.reason(),
            Self::Sealed { source, .. } => source.reason(),
        }
    }
}

impl Desired {
    /// The objects.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }
}

/// Opens the SealedSecrets among the rendered objects.
///
/// The Secret takes the SealedSecret's place. It names no owner: what lockstep applies does not depend on a
/// SealedSecret in the cluster.
///
/// # Errors
///
/// When one of them does not open, or an object has no `apiVersion`. There is no partial result.
pub fn materialise(
    rendered: Rendered,
    policy: &SealedPolicy<'_>,
) -> Result<Desired, MaterialiseError> {
    let mut resources = rendered.into_resources();
    if let Some(resource) = resources
        .iter()
        .find(|resource| resource.identity.version.is_empty())
    {
        return Err(MaterialiseError::Object {
            origin: Box::new(resource.origin.clone()),
            source: IdentityError::ApiVersionMissing,
        });
    }
    if let SealedPolicy::Open {
        keys,
        options,
        redactor,
    } = policy
    {
        let unsealer = keys.unsealer();
        for resource in &mut resources {
            if !resource.identity.is_sealed_secret() {
                continue;
            }
            let place = || {
                let identity = mask::identity(resource, redactor);
                (Box::new(resource.origin.clone()), Box::new(identity))
            };
            let sealed =
                SealedSecret::from_node(&emit::encode(&resource.object)).map_err(|source| {
                    let (origin, identity) = place();
                    MaterialiseError::Malformed {
                        origin,
                        identity,
                        source,
                    }
                })?;
            let secret = sealed.open(&unsealer, *options).map_err(|source| {
                let (origin, identity) = place();
                MaterialiseError::Sealed {
                    origin,
                    identity,
                    source,
                }
            })?;
            for (_, value) in secret.data() {
                redactor.learn(value.expose());
            }
            let mut object = secret.to_value();
            disown(&mut object);
            resource.object = object;
            resource.opened = Opening::Unsealed;
            resource.identity = Identity {
                group: String::new(),
                version: "v1".to_owned(),
                kind: "Secret".to_owned(),
                ..resource.identity.clone()
            };
        }
    }
    Ok(Desired { resources })
}

fn disown(secret: &mut Value) {
    if let Value::Object(entries) = secret
        && let Some((_, Value::Object(metadata))) =
            entries.iter_mut().find(|(key, _)| key == "metadata")
    {
        metadata.retain(|(key, _)| key != "ownerReferences" && key != "creationTimestamp");
    }
}
