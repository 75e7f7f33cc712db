//! The annotations that a build uses for itself.

/// Former kinds, oldest first, with commas between them.
pub const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
/// Former names.
pub const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// Former namespaces.
pub const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
/// Prefixes that the name was given.
pub const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
/// Suffixes that the name was given.
pub const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
/// Ids of objects that refer to this one.
pub const REFERRED_BY: &str = "internal.config.kubernetes.io/refBy";
/// A generated object's [`Behavior`](super::Behavior).
pub const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
/// Whether the name gets a hash.
pub const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
/// Whether a patch may change names.
pub const ALLOW_NAME_CHANGE: &str = "internal.config.kubernetes.io/allowNameChange";
/// Whether a patch may change kinds.
pub const ALLOW_KIND_CHANGE: &str = "internal.config.kubernetes.io/allowKindChange";
/// Where an object came from, with `buildMetadata: [originAnnotations]`.
pub const ORIGIN: &str = "config.kubernetes.io/origin";
/// What changed an object, with `buildMetadata: [transformerAnnotations]`.
pub const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
/// Keeps an object out of the output.
pub const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";
/// What switches are set to.
pub const ENABLED: &str = "enabled";

/// All that are taken off at the end.
pub const OF_THE_BUILD: &[&str] = &[
    PREVIOUS_KINDS,
    PREVIOUS_NAMES,
    PREFIXES,
    SUFFIXES,
    PREVIOUS_NAMESPACES,
    ALLOW_NAME_CHANGE,
    ALLOW_KIND_CHANGE,
    REFERRED_BY,
    BEHAVIOR,
    NEEDS_HASH,
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
];
