//! The product as its users meet it: the built program, real encrypted input, the real peers beside it.

mod canary;
mod check;
mod decrypt;
mod memory;
mod preview;
mod support;
