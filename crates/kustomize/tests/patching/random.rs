//! Random objects and patches.
