//! The rules of a synchronisation, next to Argo CD's own code for them.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]
#![forbid(unsafe_code)]

mod annotations;
mod comparison;
mod fields;
mod health;
mod ignore;
mod oracle;
mod order;
mod robust;
