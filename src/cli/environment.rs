//! What the commands take from the environment: the variables of sops, the places where sops looks for keys, and where
//! kubectl looks for clusters.
//!
//! Variables that hold a key are taken out of the process's environment block, and their bytes there are wiped.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use secret::SecretBytes;

/// Names of variables that hold key material themselves.
const AGE_KEY: &str = "SOPS_AGE_KEY";
/// Ours: sops itself finds PGP keys through gpg only.
const PGP_KEY: &str = "LOCKSTEP_PGP_KEY";
/// Ours: the passphrase of protected keys, where no person can be asked.
const PASSPHRASE: &str = "LOCKSTEP_PASSPHRASE";

/// The variables that say where keys are, read once.
pub(super) struct Environment {
    /// `SOPS_AGE_KEY`: identities, one per line or separated by blanks.
    pub age_key: Option<SecretBytes>,
    /// `SOPS_AGE_KEY_FILE`.
    pub age_key_file: Option<PathBuf>,
    /// `SOPS_AGE_KEY_CMD`: a command line that prints a key file.
    pub age_key_command: Option<String>,
    /// `SOPS_AGE_SSH_PRIVATE_KEY_FILE`.
    pub ssh_key_file: Option<PathBuf>,
    /// `SOPS_AGE_SSH_PRIVATE_KEY_CMD`: a command line that prints a private key.
    pub ssh_key_command: Option<String>,
    /// `LOCKSTEP_PGP_KEY`: armoured PGP keys.
    pub pgp_key: Option<SecretBytes>,
    /// `LOCKSTEP_PASSPHRASE`.
    pub passphrase: Option<SecretBytes>,
    /// Files where sops finds keys without being told: read when they exist.
    pub home_files: Vec<PathBuf>,
    /// `SOPS_CONFIG`: the configuration file, instead of a search for `.sops.yaml`.
    pub sops_config: Option<PathBuf>,
}

impl Environment {
    /// Reads the environment. To be called once, before any thread is started.
    pub(super) fn take() -> Self {
        Self {
            age_key: secret::take_variable(AGE_KEY),
            age_key_file: path("SOPS_AGE_KEY_FILE"),
            age_key_command: text("SOPS_AGE_KEY_CMD"),
            ssh_key_file: path("SOPS_AGE_SSH_PRIVATE_KEY_FILE"),
            ssh_key_command: text("SOPS_AGE_SSH_PRIVATE_KEY_CMD"),
            pgp_key: secret::take_variable(PGP_KEY),
            passphrase: secret::take_variable(PASSPHRASE),
            home_files: home_files(),
            sops_config: path("SOPS_CONFIG"),
        }
    }
}

/// The kubeconfigs, as kubectl looks for them: those of `KUBECONFIG`, else `~/.kube/config`. Asked for by commands that
/// need a cluster, so that the others do not look.
pub(super) fn kubeconfig_files() -> Vec<PathBuf> {
    match env::var_os("KUBECONFIG").filter(|value| !value.is_empty()) {
        Some(list) => {
            let mut files: Vec<PathBuf> = Vec::new();
            for file in env::split_paths(&list) {
                if !file.as_os_str().is_empty() && !files.contains(&file) {
                    files.push(file);
                }
            }
            files
        }
        None => path("HOME")
            .map(|home| home.join(".kube/config"))
            .into_iter()
            .collect(),
    }
}

/// The address of the API server of the cluster whose pod we are in, as the pod's environment has it.
pub(super) fn pod_api_server() -> Option<String> {
    let host = text("KUBERNETES_SERVICE_HOST")?;
    let port = text("KUBERNETES_SERVICE_PORT")?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    Some(format!("https://{host}:{port}"))
}

/// Those of these variables that are set.
pub(super) fn variables(names: &[&str]) -> Vec<(OsString, OsString)> {
    names
        .iter()
        .filter_map(|name| Some((OsString::from(name), env::var_os(name)?)))
        .collect()
}

/// The user's folder for what can be had again.
pub(super) fn cache_folder() -> Option<PathBuf> {
    let home = || path("HOME");
    let folder = if cfg!(target_os = "macos") {
        path("XDG_CACHE_HOME").or_else(|| Some(home()?.join("Library/Caches")))
    } else {
        path("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")))
    };
    folder.filter(|folder| folder.is_absolute())
}

/// sops: age/keysource.go (`loadAgeSSHIdentities`, `getUserConfigDir`), pgp/keysource.go (`secring.gpg` of GnuPG 1).
fn home_files() -> Vec<PathBuf> {
    let home = path("HOME");
    let below_home = |rest: &str| home.as_deref().map(|home| home.join(rest));
    let configuration = if cfg!(target_os = "macos") {
        path("XDG_CONFIG_HOME").or_else(|| below_home("Library/Application Support"))
    } else {
        path("XDG_CONFIG_HOME").or_else(|| below_home(".config"))
    };
    let gnupg = path("GNUPGHOME").or_else(|| below_home(".gnupg"));
    [
        configuration.map(|folder| folder.join("sops/age/keys.txt")),
        below_home(".ssh/id_ed25519"),
        below_home(".ssh/id_rsa"),
        gnupg.map(|folder| folder.join("secring.gpg")),
    ]
    .into_iter()
    .flatten()
    .filter(|path| Path::is_file(path))
    .collect()
}

fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
