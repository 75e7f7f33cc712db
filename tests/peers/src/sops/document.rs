//! Random documents of every format, written as people write them.

use std::fmt::Write as _;

use crate::random::Random;

/// The extension by which sops knows a format.
pub fn extension(format: &str) -> &'static str {
    match format {
        "yaml" => "yaml",
        "json" => "json",
        "dotenv" => "env",
        "ini" => "ini",
        _ => "bin",
    }
}

/// A random document in `format`.
pub fn document(format: &str, random: &mut Random) -> Vec<u8> {
    match format {
        "yaml" => yaml(random).into_bytes(),
        "json" => json(random).into_bytes(),
        "dotenv" => dotenv(random).into_bytes(),
        "ini" => ini(random).into_bytes(),
        _ => {
            let length = 1 + random.below(300);
            (0..length)
                .map(|_| u8::try_from(random.below(256)).unwrap_or(0))
                .collect()
        }
    }
}

const KEYS: [&str; 24] = [
    "data",
    "stringData",
    "kind",
    "name",
    "password",
    "pass_secret",
    "token_plain",
    "a",
    "b_unencrypted",
    "items",
    "user",
    "Host",
    "x.y",
    "with space",
    "ümlaut",
    "n",
    "yes",
    "key-1",
    "tls.crt",
    "A_B",
    "port",
    "nested",
    "z9",
    "αβγ",
];

const WORDS: [&str; 20] = [
    "alpha",
    "hunter2",
    "s3cr3t!",
    "p@ss word",
    "日本語",
    "naïve",
    "x",
    "a=b",
    "#no",
    "it's",
    "say \"hi\"",
    "50%",
    "{{ .v }}",
    "/etc/passwd",
    "10.0.0.1",
    "a:b",
    "-dash",
    "[list]",
    "end\\",
    "😀",
];

const COMMENTS: [&str; 9] = [
    "note",
    " a note",
    "sops:enc below",
    " sops:clear this",
    "# doubled",
    " ünïcode",
    " key: value",
    "\ttab",
    " trailing ",
];

/// Every form of scalar that the Go library reads in a way of its own.
const SCALARS: [&str; 64] = [
    "true",
    "TRUE",
    "True",
    "false",
    "False",
    "yes",
    "no",
    "on",
    "Off",
    "y",
    "n",
    "~",
    "null",
    "Null",
    "NULL",
    "0777",
    "08",
    "0o17",
    "0x1F",
    "0b101",
    "-0b11",
    "1:30",
    "2024-01-01",
    "2024-1-2 3:4:5",
    "2024-01-02T03:04:05.6Z",
    "2024-01-02T03:04:05-07:00",
    "1_000",
    "1e3",
    "1E400",
    "+5",
    ".5",
    "5.",
    "1.0",
    "1.50",
    "-1.25e-7",
    ".inf",
    "-.Inf",
    ".nan",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e21",
    "0.0000001",
    "-0",
    "-0.0",
    "0",
    "12345678",
    "123456789.5",
    "1.7976931348623157e308",
    "'quoted'",
    "\"double\"",
    "''",
    "\"\"",
    "'it''s'",
    "\"tab\\there\"",
    "\"line\\nbreak\"",
    "\"\\u00e9\\U0001F600\"",
    "!!str 12",
    "!!int \"3\"",
    "!!float 3",
    "!!binary aGVsbG8=",
    "!custom text",
    "!!binary /wD+",
    "word",
];

fn yaml(random: &mut Random) -> String {
    let documents = if random.one_in(8) {
        2 + random.below(2)
    } else {
        1
    };
    let mut out = String::new();
    for number in 0..documents {
        if number > 0 || random.one_in(5) {
            out.push_str("---\n");
        }
        if random.one_in(4) {
            comment(&mut out, 0, random);
            if random.one_in(2) {
                out.push('\n');
            }
        }
        let mut writer = Yaml {
            out: &mut out,
            anchors: Vec::new(),
            number,
        };
        writer.mapping(0, 3, random);
    }
    out
}

struct Yaml<'o> {
    out: &'o mut String,
    anchors: Vec<String>,
    /// Of the document.
    number: usize,
}

impl Yaml<'_> {
    fn mapping(&mut self, indent: usize, depth: usize, random: &mut Random) {
        let mut used = Vec::new();
        for position in 0..=random.below(5) {
            let mut key = (*random.pick(&KEYS)).to_owned();
            if used.contains(&key) {
                let _ = write!(key, "{position}");
            }
            used.push(key.clone());
            if random.one_in(6) {
                self.out.push('\n');
            }
            self.comments(indent, random);
            self.blanks(indent);
            self.out.push_str(&quoted_key(&key, random));
            self.out.push(':');
            self.value(indent, depth, random);
        }
        if random.one_in(8) {
            comment(self.out, indent, random);
        }
    }

    fn list(&mut self, indent: usize, depth: usize, random: &mut Random) {
        for _ in 0..=random.below(4) {
            self.comments(indent, random);
            self.blanks(indent);
            self.out.push('-');
            if depth > 0 && random.one_in(4) {
                // The first key stands behind the dash.
                let key = *random.pick(&KEYS);
                let _ = write!(self.out, " {}:", quoted_key(key, random));
                self.value(indent + 2, depth - 1, random);
                if random.one_in(2) {
                    self.blanks(indent + 2);
                    self.out.push_str("second key:");
                    self.value(indent + 2, depth - 1, random);
                }
            } else {
                self.value(indent, depth.min(1), random);
            }
        }
    }

    /// What stands behind a colon or dash, with the end of the line.
    fn value(&mut self, indent: usize, depth: usize, random: &mut Random) {
        match random.below(if depth == 0 { 8 } else { 12 }) {
            0 => self.block_text(indent, random),
            1 => {
                let text = flow(depth.min(2), random);
                let _ = writeln!(self.out, " {text}");
            }
            2 => self.anchored(random),
            3 => {
                let word = *random.pick(&WORDS);
                let _ = write!(self.out, " '{}'", word.replace('\'', "''"));
                self.end_of_line(random);
            }
            4..8 => {
                let _ = write!(self.out, " {}", random.pick(&SCALARS));
                self.end_of_line(random);
            }
            8 | 9 => {
                self.end_of_line(random);
                self.mapping(indent + 2, depth - 1, random);
            }
            _ => {
                self.end_of_line(random);
                self.list(indent + 2, depth - 1, random);
            }
        }
    }

    fn anchored(&mut self, random: &mut Random) {
        if self.anchors.is_empty() || random.one_in(2) {
            let name = format!("d{}a{}", self.number, self.anchors.len());
            let text = if random.one_in(2) {
                flow(1, random)
            } else {
                "anchored".to_owned()
            };
            let _ = writeln!(self.out, " &{name} {text}");
            self.anchors.push(name);
        } else {
            let name = random.pick(&self.anchors).clone();
            let _ = writeln!(self.out, " *{name}");
        }
    }

    fn block_text(&mut self, indent: usize, random: &mut Random) {
        let header = *random.pick(&["|", "|-", "|+", ">", ">-"]);
        let _ = writeln!(self.out, " {header}");
        for _ in 0..=random.below(3) {
            self.blanks(indent + 2);
            let _ = writeln!(self.out, "{}", random.pick(&WORDS));
            if random.one_in(5) {
                self.out.push('\n');
            }
        }
    }

    fn comments(&mut self, indent: usize, random: &mut Random) {
        if random.one_in(5) {
            comment(self.out, indent, random);
            if random.one_in(3) {
                comment(self.out, indent, random);
            }
        }
    }

    fn end_of_line(&mut self, random: &mut Random) {
        if random.one_in(8) {
            let _ = write!(self.out, " #{}", random.pick(&COMMENTS));
        }
        self.out.push('\n');
    }

    fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }
}

fn comment(out: &mut String, indent: usize, random: &mut Random) {
    let _ = writeln!(out, "{:indent$}#{}", "", random.pick(&COMMENTS));
}

fn quoted_key(key: &str, random: &mut Random) -> String {
    match random.below(8) {
        0 => format!("'{key}'"),
        1 => format!("\"{key}\""),
        // Plain, these would be booleans to other readers, and stay texts here.
        _ => key.to_owned(),
    }
}

fn flow(depth: usize, random: &mut Random) -> String {
    if depth == 0 || random.one_in(3) {
        return (*random.pick(&["1", "x", "'q'", "\"d\"", "null", "true", "1.5", "\"\""]))
            .to_owned();
    }
    let items: Vec<String> = (0..random.below(4))
        .map(|_| flow(depth - 1, random))
        .collect();
    if random.one_in(2) {
        return format!("[{}]", items.join(", "));
    }
    let pairs: Vec<String> = items
        .iter()
        .enumerate()
        .map(|(position, item)| format!("k{position}: {item}"))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

fn json(random: &mut Random) -> String {
    let depth = 3;
    json_object(depth, random)
}

fn json_object(depth: usize, random: &mut Random) -> String {
    let pairs: Vec<String> = (0..random.below(6))
        .map(|position| {
            let key = format!("{}{position}", random.pick(&KEYS));
            format!(
                "{}:{}",
                json_string(&key, random),
                json_value(depth, random)
            )
        })
        .collect();
    format!(
        "{{{}}}",
        pairs.join(if random.one_in(2) { "," } else { " ,\n  " })
    )
}

fn json_value(depth: usize, random: &mut Random) -> String {
    match random.below(if depth == 0 { 6 } else { 9 }) {
        0 => (*random.pick(&["true", "false", "null"])).to_owned(),
        1 | 2 => (*random.pick(&[
            "0",
            "-0",
            "1",
            "-17",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775809",
            "1.0",
            "1.50",
            "-0.0",
            "1e3",
            "1e21",
            "1E-7",
            "123456789.125",
            "5e-324",
            "100000",
            "1234567.5",
        ]))
        .to_owned(),
        3..6 => {
            let text = match random.below(6) {
                0 => String::new(),
                1 => "line\nbreak\ttab \u{1}\u{7f} \u{2028} <&>".to_owned(),
                _ => format!("{} {}", random.pick(&WORDS), random.pick(&WORDS)),
            };
            json_string(&text, random)
        }
        6 => {
            let items: Vec<String> = (0..random.below(4))
                .map(|_| json_value(depth - 1, random))
                .collect();
            format!("[{}]", items.join(", "))
        }
        _ => json_object(depth - 1, random),
    }
}

fn json_string(text: &str, random: &mut Random) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..=' ' if character != ' ' => {
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            _ if random.one_in(20) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

fn dotenv(random: &mut Random) -> String {
    let mut out = String::new();
    for position in 0..=random.below(10) {
        match random.below(6) {
            0 => {
                let _ = writeln!(out, "#{}", random.pick(&COMMENTS));
            }
            1 => out.push('\n'),
            _ => {
                let value = match random.below(7) {
                    0 => String::new(),
                    1 => format!("'{}'", random.pick(&WORDS)),
                    2 => format!("\"{}\" # {}", random.pick(&WORDS), random.pick(&WORDS)),
                    3 => format!("{}\\n{}", random.pick(&WORDS), random.pick(&WORDS)),
                    4 => format!(" {} \r", random.pick(&WORDS)),
                    _ => (*random.pick(&WORDS)).to_owned(),
                };
                let _ = writeln!(out, "{}{position}={value}", random.pick(&KEYS));
            }
        }
    }
    if random.one_in(4) {
        out.push_str("LAST=no newline");
    }
    out
}

fn ini(random: &mut Random) -> String {
    let mut out = String::new();
    if random.one_in(2) {
        ini_keys(&mut out, random);
    }
    for position in 0..random.below(4) {
        if random.one_in(3) {
            let _ = writeln!(out, ";{}", random.pick(&COMMENTS));
        }
        let _ = write!(out, "[section {position}.{}]", random.pick(&KEYS));
        out.push_str(if random.one_in(5) {
            " ; behind\n"
        } else {
            "\n"
        });
        ini_keys(&mut out, random);
    }
    out
}

fn ini_keys(out: &mut String, random: &mut Random) {
    for position in 0..random.below(6) {
        if random.one_in(4) {
            let _ = writeln!(
                out,
                "{}{}",
                random.pick(&["#", ";", "; "]),
                random.pick(&COMMENTS).trim()
            );
        }
        if random.one_in(8) {
            out.push('\n');
        }
        let value = match random.below(9) {
            0 => String::new(),
            1 => format!("\"{}\"", random.pick(&["a b", " blanks ", "x;y", "#"])),
            2 => format!("`{}`", random.pick(&["a#b", "c;d", "plain", "\"q\""])),
            3 => "\"\"\"first\nsecond\n  third\"\"\"".to_owned(),
            4 => format!("{} ; inline", random.pick(&["v", "two words", "1"])),
            5 => "goes \\\n on".to_owned(),
            _ => random.pick(&WORDS).replace(['#', ';', '\\'], "_"),
        };
        let delimiter = *random.pick(&["=", " = ", ": ", "    ="]);
        let _ = writeln!(
            out,
            "{}{position}{delimiter}{value}",
            random.pick(&["key", "other key", "user.name", "Ö", "x"])
        );
    }
}
