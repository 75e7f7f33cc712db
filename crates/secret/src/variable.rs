//! Secrets that were handed over in environment variables.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char};
use std::os::unix::ffi::OsStringExt;

use zeroize::Zeroize;

use crate::bytes::SecretBytes;

unsafe extern "C" {
    /// The process's variables, `NAME=value`, behind the last a null pointer (POSIX: environ).
    static mut environ: *mut *mut c_char;
}

/// Takes the value of a variable out of the environment; `None` for one that is not set, or empty.
///
/// The kernel puts the variables into the process's memory, where they stay for as long as it runs and where
/// `/proc/PID/environ` shows them. The bytes of the value are wiped there, and the variable is removed, so that child
/// processes do not inherit it.
///
/// To be called before any thread is started. In a process of several threads the value is copied and stays where it
/// is, since another thread may be reading it.
pub fn take_variable(name: &str) -> Option<SecretBytes> {
    std::env::var_os(name).filter(|value| !value.is_empty())?;
    if is_single_threaded() {
        // SAFETY: No other thread exists, and this one starts none before the call returns.
        unsafe { take(name) }
    } else {
        std::env::var_os(name).map(|value| SecretBytes::new(value.into_vec()))
    }
}

/// Whether the process has one thread, as the kernel counts them.
fn is_single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}

/// # Safety
///
/// No other thread may use the environment meanwhile.
unsafe fn take(name: &str) -> Option<SecretBytes> {
    // SAFETY: The C library sets the pointer up before `main`. Nobody else uses it, by the contract above.
    let mut entry = unsafe { environ };
    if entry.is_null() {
        return None;
    }
    let mut taken = None;
    loop {
        // SAFETY: `entry` is within the array, whose end is the null pointer that stops the loop.
        let variable = unsafe { *entry };
        if variable.is_null() {
            break;
        }
        // SAFETY: Each entry is a string with a zero at its end.
        let length = unsafe { CStr::from_ptr(variable) }.count_bytes();
        // SAFETY: The string has `length` bytes before its zero, and nobody else looks at it, by the contract above.
        let bytes = unsafe { std::slice::from_raw_parts_mut(variable.cast::<u8>(), length) };
        if let Some(value) = value_of(bytes, name.as_bytes()) {
            taken.get_or_insert_with(|| SecretBytes::copy_of(value));
            value.zeroize();
        }
        // SAFETY: The entry was not the last, so the next one exists.
        entry = unsafe { entry.add(1) };
    }
    if taken.is_some() {
        // SAFETY: There is no other thread, by the contract above.
        unsafe { std::env::remove_var(name) };
    }
    taken
}

/// The bytes behind `name=`.
fn value_of<'a>(variable: &'a mut [u8], name: &[u8]) -> Option<&'a mut [u8]> {
    let (front, value) = variable.split_at_mut_checked(name.len() + 1)?;
    (front.starts_with(name) && front.ends_with(b"=")).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_variable_of_that_name_has_a_value() {
        for (variable, expect) in [
            ("KEY=secret", Some("secret")),
            ("KEY=", Some("")),
            ("KEYS=secret", None),
            ("KE=secret", None),
            ("KEY", None),
            ("", None),
        ] {
            let mut bytes = variable.as_bytes().to_vec();
            let found = value_of(&mut bytes, b"KEY").map(|value| value.to_vec());
            assert_eq!(found.as_deref(), expect.map(str::as_bytes), "{variable}");
        }
    }
}
