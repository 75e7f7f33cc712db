//! What an application is: its sources, its destination and how it is kept in step, as data.
//!
//! The shape is Argo CD's `Application`, with fields of our own beside. Knows neither Git nor the cluster: it says what is
//! wanted, and they do it.
