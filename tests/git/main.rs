//! Repositories as Git has them: the real `git`, `gpg` and `ssh-keygen` make what is read here, and say what is right.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod signatures;
