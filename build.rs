//! How the program is linked.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Start-up is most of what a local command takes, and a sixth of that went into the relocation of tables that are
    // never looked at. The price is that the program's own code lies at fixed addresses, as that of the Go tools does;
    // libraries, heap and stack are still placed at random. ARCHITECTURE.md has the figures.
    if is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("PROFILE", "release")
    {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
