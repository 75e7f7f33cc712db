//! How the program is linked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Start-up is most of what a local command takes, and half of that went into the dynamic loader: into relocating
    // tables that are never looked at, and into mapping libraries of which little is used. ARCHITECTURE.md has the
    // figures.
    if is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("PROFILE", "release")
        && env::var("HOST") == env::var("TARGET")
    {
        // The price is that code lies at fixed addresses, as that of the Go tools does; heap, stack and mappings are
        // still placed at random.
        println!("cargo:rustc-link-arg-bins=-no-pie");
        match archives_in_place_of_libraries() {
            Ok(Some(folder)) => {
                // Not as a search path of rustc's, which tests would get as well.
                println!("cargo:rustc-link-arg-bins=-L{}", folder.display());
                println!("cargo:rustc-link-arg-bins=-static");
            }
            Ok(None) => {}
            Err(error) => println!("cargo:warning=linking with shared libraries: {error}"),
        }
    }
}

/// The libraries that rustc links every program with on this system, and the archive that has the same.
const LIBRARIES: [(&str, &str); 7] = [
    ("c", "c"),
    ("dl", "dl"),
    ("gcc_s", "gcc_eh"),
    ("m", "m"),
    ("pthread", "pthread"),
    ("rt", "rt"),
    ("util", "util"),
];

/// A folder with the archive of each library under the library's name, for the linker to find before the library.
/// (rustc's own `crt-static` does the same, but not for a build whose procedural macros are built along with it.)
/// `None` where the toolchain lacks an archive: some distributions have those of the C library in an extra package.
fn archives_in_place_of_libraries() -> io::Result<Option<PathBuf>> {
    let Some(folder) = env::var_os("OUT_DIR").map(|out| Path::new(&out).join("archives")) else {
        return Ok(None);
    };
    std::fs::create_dir_all(&folder)?;
    for (library, archive) in LIBRARIES {
        let Some(found) = archive_of_toolchain(archive)? else {
            return Ok(None);
        };
        let link = folder.join(format!("lib{library}.a"));
        if link.symlink_metadata().is_ok() {
            std::fs::remove_file(&link)?;
        }
        std::os::unix::fs::symlink(found, link)?;
    }
    Ok(Some(folder))
}

fn archive_of_toolchain(name: &str) -> io::Result<Option<PathBuf>> {
    let linker = env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    let output = Command::new(linker)
        .arg(format!("-print-file-name=lib{name}.a"))
        .output()?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    // A compiler that does not find the file prints its name as it was asked for.
    Ok(path.is_absolute().then_some(path))
}
