//! How the program is linked.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Start-up is most of what a local command takes, and half of that went into relocating tables that are never
    // looked at and into loading a library of which nothing is used unless the program fails. ARCHITECTURE.md has the figures.
    if is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("PROFILE", "release")
        && env::var("HOST") == env::var("TARGET")
    {
        // The price is that the program's own code lies at fixed addresses, as that of the Go tools does; libraries,
        // heap and stack are still placed at random.
        println!("cargo:rustc-link-arg-bins=-no-pie");
        link_the_unwinder_statically();
    }
}

/// Takes GCC's unwinder into the program, where the toolchain has it as an archive, and loads it as a library elsewhere.
fn link_the_unwinder_statically() {
    let linker = env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    let found = Command::new(linker)
        .arg("-print-file-name=libgcc_eh.a")
        .output();
    // A compiler that does not find the file prints its name as it was asked for.
    let has_archive = found.is_ok_and(|output| {
        output.status.success()
            && str::from_utf8(&output.stdout).is_ok_and(|path| Path::new(path.trim()).is_absolute())
    });
    if has_archive {
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
