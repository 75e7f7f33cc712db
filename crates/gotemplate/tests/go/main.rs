//! The library against the real Go program, and against whoever writes templates.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod language;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod sprig;
#[cfg(test)]
mod totality;
