//! Keys made for the moment, the real kubeseal, and a source of repeatable chance.
#![allow(dead_code)]

pub(crate) mod corpus;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use sealed::{
    Certificate, DeprecatedData, KubernetesSecret, OpenOptions, Scope, SealedSecret, SealingKeys,
    TemplatePolicy,
};
use tempfile::TempDir;

/// A key pair as a controller makes it.
pub(crate) struct KeyPair {
    pub(crate) key: String,
    pub(crate) certificate: String,
    pub(crate) key_file: PathBuf,
    pub(crate) certificate_file: PathBuf,
}

impl KeyPair {
    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::from_pem(self.certificate.as_bytes()).unwrap()
    }

    pub(crate) fn keys(&self) -> SealingKeys {
        let mut keys = SealingKeys::new();
        assert_eq!(keys.add("key.pem", self.key.as_bytes()), []);
        keys
    }
}

/// A folder that lives as long as the test process.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| TempDir::new().unwrap()).path()
}

/// Three pairs of 2048 bits, the first one the oldest.
pub(crate) fn pairs() -> &'static [KeyPair; 3] {
    static PAIRS: OnceLock<[KeyPair; 3]> = OnceLock::new();
    PAIRS.get_or_init(|| {
        [
            pair("old", 2048, "20240101000000Z"),
            pair("middle", 2048, "20240201000000Z"),
            pair("new", 2048, "20240301000000Z"),
        ]
    })
}

/// A new pair whose certificate is valid from `start`.
pub(crate) fn pair(name: &str, bits: u32, start: &str) -> KeyPair {
    let folder = folder().join(name);
    fs::create_dir_all(&folder).unwrap();
    let path = |file: &str| folder.join(file);
    for (file, text) in [
        ("index", ""),
        ("serial", "01"),
        (
            "ca.cnf",
            "[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\n\
          policy=p\ndefault_md=sha256\nx509_extensions=x\n[p]\ncommonName=optional\n[x]\nbasicConstraints=CA:TRUE\n",
        ),
    ] {
        fs::write(path(file), text).unwrap();
    }
    let bits = format!("rsa:{bits}");
    openssl(
        &folder,
        &[
            "req",
            "-new",
            "-newkey",
            &bits,
            "-nodes",
            "-keyout",
            "key8.pem",
            "-out",
            "csr.pem",
            "-subj",
            "/CN=sealed-secret",
        ],
    );
    openssl(
        &folder,
        &[
            "ca",
            "-batch",
            "-notext",
            "-selfsign",
            "-config",
            "ca.cnf",
            "-keyfile",
            "key8.pem",
            "-in",
            "csr.pem",
            "-startdate",
            start,
            "-enddate",
            "20440101000000Z",
            "-out",
            "certificate.pem",
        ],
    );
    openssl(
        &folder,
        &["rsa", "-traditional", "-in", "key8.pem", "-out", "key.pem"],
    );
    let read = |file: &str| fs::read_to_string(path(file)).unwrap();
    KeyPair {
        key: read("key.pem"),
        certificate: read("certificate.pem"),
        key_file: path("key.pem"),
        certificate_file: path("certificate.pem"),
    }
}

pub(crate) fn openssl(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Runs kubeseal.
pub(crate) fn kubeseal<S: AsRef<std::ffi::OsStr>>(arguments: &[S], input: &[u8]) -> Output {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| peers::program("kubeseal", "kubeseal"));
    let mut child = Command::new(program)
        .args(arguments)
        .env("KUBECONFIG", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may fail before it has read everything.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// What `kubeseal --recovery-unseal` makes of `sealed`; nothing when it refuses.
pub(crate) fn recovered(key: &Path, format: &str, sealed: &[u8]) -> Option<String> {
    let key = key.to_str().unwrap();
    let arguments = [
        "--recovery-unseal",
        "--recovery-private-key",
        key,
        "-o",
        format,
    ];
    let output = kubeseal(&arguments, sealed);
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

/// SplitMix64: repeatable chance for generated cases.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    pub(crate) fn bytes(&mut self, limit: usize) -> Vec<u8> {
        let length = self.below(limit);
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// How many generated cases to run: a few by default, more with `LOCKSTEP_CASES`.
pub(crate) fn cases(default: u64) -> u64 {
    std::env::var("LOCKSTEP_CASES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(default)
}

impl rsa::rand_core::TryRng for Chance {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.next() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill_with(|| self.next() as u8);
        Ok(())
    }
}

impl rsa::rand_core::TryCryptoRng for Chance {}

/// As the controller opens.
pub(crate) const ANY: OpenOptions = OpenOptions {
    templates: TemplatePolicy::Any,
    deprecated_data: DeprecatedData::Refuse,
};

/// Opens one object with the first of the [`pairs`].
pub(crate) fn open(sealed: &[u8]) -> Result<KubernetesSecret, String> {
    let sealed = SealedSecret::parse_all(sealed).map_err(|error| error.to_string())?;
    let [sealed] = &*sealed else {
        panic!("one is expected")
    };
    let keys = pairs()[0].keys();
    sealed
        .open(&keys.unsealer(), ANY)
        .map_err(|error| error.to_string())
}

/// A value sealed for `ns/app` with the first of the [`pairs`].
pub(crate) fn sealed_value(scope: Scope, value: &[u8]) -> String {
    pairs()[0]
        .certificate()
        .seal(scope, "ns", "app", value)
        .unwrap()
        .into_string()
}

/// A good document with one piece exchanged.
pub(crate) fn changed(from: &str, to: &str) -> String {
    let good = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: app\n  namespace: ns\nspec:\n  \
                encryptedData:\n    a: AAAA\n  template:\n    type: Opaque\nstatus: {}\n";
    assert!(SealedSecret::parse_all(good.as_bytes()).is_ok());
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1)
}
