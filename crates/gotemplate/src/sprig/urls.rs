//! URLs as Go's `net/url` reads and writes them.

use std::collections::BTreeMap;

use crate::error::Fault;
use crate::functions::{Call, map_at, shared, text_at};
use crate::value::{Entry, Map, Value};

/// Which part of a URL a text is: each has its own characters that need no escape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

#[derive(Default)]
struct Url {
    scheme: Vec<u8>,
    opaque: Vec<u8>,
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    path: Vec<u8>,
    raw_path: Vec<u8>,
    omit_host: bool,
    force_query: bool,
    query: Vec<u8>,
    fragment: Vec<u8>,
    raw_fragment: Vec<u8>,
}

pub(super) fn parse(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(8) + 1024)?;
    let url = Url::parse(text).ok_or(Fault::Url)?;
    let hostname = hostname(&url.host).to_vec();
    let userinfo = url.user.as_ref().map(userinfo).unwrap_or_default();
    let parts = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", userinfo),
    ];
    let entries = parts
        .into_iter()
        .map(|(name, part)| (shared(name.into()), Value::Str(shared(part))));
    Ok(Value::Map(Map::new(
        Entry::Any,
        entries.collect::<BTreeMap<_, _>>(),
    )))
}

pub(super) fn join(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let map = map_at(arguments, 0)?;
    let part = |name: &str| match map.at(name.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Str(text)) => {
            call.memory(text.len().saturating_mul(6))?;
            Ok(text.to_vec())
        }
        Some(_) => Err(Fault::ArgumentType),
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        ..Url::default()
    };
    let userinfo = part("userinfo")?;
    if !userinfo.is_empty() {
        let text = [b"proto://", userinfo.as_slice(), b"@host"].concat();
        url.user = Url::parse(&text).ok_or(Fault::Url)?.user;
    }
    call.text(url.write())
}

fn cut(text: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(byte, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

impl Url {
    fn parse(text: &[u8]) -> Option<Self> {
        let (text, fragment) = cut(text, b'#');
        let mut url = Self::parse_without_fragment(text)?;
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
            url.fragment = unescaped(fragment, Mode::Fragment)?;
            if escaped(&url.fragment, Mode::Fragment) != fragment {
                url.raw_fragment = fragment.to_vec();
            }
        }
        Some(url)
    }

    fn parse_without_fragment(text: &[u8]) -> Option<Self> {
        if text.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
            return None;
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = text.to_vec();
            return Some(url);
        }
        let (scheme, mut rest) = scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        if rest.ends_with(b"?") && rest.iter().filter(|byte| **byte == b'?').count() == 1 {
            url.force_query = true;
            rest = &rest[..rest.len() - 1];
        } else {
            let (before, query) = cut(rest, b'?');
            rest = before;
            url.query = query.unwrap_or_default().to_vec();
        }
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Some(url);
            }
            // Without a scheme, a colon in the first part could only be one.
            if cut(rest, b'/').0.contains(&b':') {
                return None;
            }
        }
        if (!url.scheme.is_empty() || !rest.starts_with(b"///")) && rest.starts_with(b"//") {
            let authority = &rest[2..];
            let end = memchr::memchr(b'/', authority).unwrap_or(authority.len());
            url.authority(&authority[..end])?;
            rest = &authority[end..];
        } else if !url.scheme.is_empty() && rest.starts_with(b"/") {
            url.omit_host = true;
        }
        url.path = unescaped(rest, Mode::Path)?;
        if escaped(&url.path, Mode::Path) != rest {
            url.raw_path = rest.to_vec();
        }
        Some(url)
    }

    fn authority(&mut self, text: &[u8]) -> Option<()> {
        let (user, host) = match memchr::memrchr(b'@', text) {
            Some(at) => (Some(&text[..at]), &text[at + 1..]),
            None => (None, text),
        };
        self.host = parse_host(host)?;
        let Some(user) = user else { return Some(()) };
        let valid =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
        if !user.iter().all(valid) {
            return None;
        }
        let (name, password) = cut(user, b':');
        let password = match password {
            Some(password) => Some(unescaped(password, Mode::User)?),
            None => None,
        };
        self.user = Some((unescaped(name, Mode::User)?, password));
        Some(())
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if !self.opaque.is_empty() {
            out.extend_from_slice(&self.opaque);
        } else {
            let has_authority = !self.host.is_empty() || self.user.is_some();
            if has_authority || !self.scheme.is_empty() && !self.omit_host {
                if !self.host.is_empty() || !self.path.is_empty() || self.user.is_some() {
                    out.extend_from_slice(b"//");
                }
                if let Some(user) = &self.user {
                    out.extend(userinfo(user));
                    out.push(b'@');
                }
                out.extend(escaped(&self.host, Mode::Host));
            }
            let path = self.escaped_path();
            if !path.is_empty() && path[0] != b'/' && !self.host.is_empty() {
                out.push(b'/');
            }
            // A colon in the first part would read as a scheme.
            if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
                out.extend_from_slice(b"./");
            }
            out.extend(path);
        }
        if self.force_query || !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            if self.raw_fragment.is_empty() {
                out.extend(escaped(&self.fragment, Mode::Fragment));
            } else {
                out.extend_from_slice(&self.raw_fragment);
            }
        }
        out
    }

    fn escaped_path(&self) -> Vec<u8> {
        match self.path.as_slice() {
            b"*" => b"*".to_vec(),
            _ if !self.raw_path.is_empty() => self.raw_path.clone(),
            path => escaped(path, Mode::Path),
        }
    }
}

/// The scheme and what follows it; `None` where a colon stands first.
fn scheme(text: &[u8]) -> Option<(&[u8], &[u8])> {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return Some((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Some((&[], text))
}

fn parse_host(host: &[u8]) -> Option<Vec<u8>> {
    if let Some(open) = memchr::memchr(b'[', host) {
        // Go takes a bracket only at the beginning.
        if open != 0 {
            return None;
        }
        let close = memchr::memrchr(b']', host)?;
        if !is_port(&host[close + 1..]) {
            return None;
        }
        let address = &host[1..close];
        let (plain, zone) = match memchr::memmem::find(address, b"%25") {
            Some(at) => (&address[..at], Some(&address[at..])),
            None => (address, None),
        };
        let plain_text = unescaped(plain, Mode::Host)?;
        str::from_utf8(&plain_text)
            .ok()?
            .parse::<std::net::Ipv6Addr>()
            .ok()?;
        let mut out = vec![b'['];
        out.extend(plain_text);
        if let Some(zone) = zone {
            out.extend(unescaped(zone, Mode::Zone)?);
        }
        out.extend(unescaped(&host[close..], Mode::Host)?);
        return Some(out);
    }
    if let Some(colon) = memchr::memrchr(b':', host)
        && !is_port(&host[colon..])
    {
        return None;
    }
    if memchr::memchr_iter(b':', host).count() > 1 {
        return None;
    }
    unescaped(host, Mode::Host)
}

fn is_port(text: &[u8]) -> bool {
    text.is_empty() || text[0] == b':' && text[1..].iter().all(u8::is_ascii_digit)
}

fn hostname(host: &[u8]) -> &[u8] {
    let end = match memchr::memrchr(b':', host) {
        Some(colon) if is_port(&host[colon..]) => colon,
        _ => host.len(),
    };
    let name = &host[..end];
    if name.starts_with(b"[") && name.ends_with(b"]") {
        &name[1..name.len() - 1]
    } else {
        name
    }
}

fn userinfo((name, password): &(Vec<u8>, Option<Vec<u8>>)) -> Vec<u8> {
    let mut out = escaped(name, Mode::User);
    if let Some(password) = password {
        out.push(b':');
        out.extend(escaped(password, Mode::User));
    }
    out
}

fn must_escape(byte: u8, mode: Mode) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    match mode {
        Mode::Host | Mode::Zone => !b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Mode::Path => !b"$&+,/:;=@".contains(&byte),
        Mode::User => !b"$&+,;=".contains(&byte),
        Mode::Fragment => !b"$&+,/:;=?@!()*".contains(&byte),
    }
}

fn escaped(text: &[u8], mode: Mode) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if must_escape(*byte, mode) {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

fn unescaped(text: &[u8], mode: Mode) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if *byte != b'%' {
            if matches!(mode, Mode::Host | Mode::Zone)
                && byte.is_ascii()
                && must_escape(*byte, mode)
            {
                return None;
            }
            out.push(*byte);
            at += 1;
            continue;
        }
        let digits = str::from_utf8(text.get(at + 1..at + 3)?).ok()?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let value = u8::from_str_radix(digits, 16).ok()?;
        // In a host, escapes are only for what is not ASCII, and for the percent sign of a zone.
        let allowed = match mode {
            Mode::Host => value >= 0x80 || value == b'%',
            Mode::Zone => value == b'%' || value == b' ' || !must_escape(value, Mode::Host),
            Mode::Path | Mode::User | Mode::Fragment => true,
        };
        if !allowed {
            return None;
        }
        out.push(value);
        at += 3;
    }
    Some(out)
}
