//! Texts to try, from a seed.

/// Makes texts that are YAML, nearly YAML, or only look like it.
pub(crate) struct Generator {
    state: u64,
    /// Whether the anchors `a` and `b` have been defined.
    anchors: [bool; 2],
    /// Whether the tag handle `!e!` has been defined.
    handle: bool,
}

const FRAGMENTS: &[&str] = &[
    "\n",
    "\n",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "  ",
    "  ",
    "    ",
    "\t",
    "- ",
    "- ",
    "-\n",
    "-",
    "a",
    "b: ",
    "key: ",
    "c:\n",
    "d:",
    "# c\n",
    "# one\n",
    "#two\n",
    " # line\n",
    "#",
    "# x\n\n",
    "? ",
    "?",
    ": ",
    ":",
    ",",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "[a, b]",
    "{a: b}",
    "&x ",
    "*x",
    "&y",
    "*y ",
    "!t ",
    "!!str ",
    "!!int ",
    "! ",
    "!<tag:e> ",
    "|\n",
    ">\n",
    "|-\n",
    ">+2\n",
    "| # c\n",
    "'q'",
    "\"d\"",
    "'a\n b'",
    "\"x\\n\\\n  y\"",
    "---\n",
    "--- ",
    "...\n",
    "%YAML 1.1\n",
    "%TAG !e! tag:e,1:\n",
    "!e!f ",
    "1",
    "true",
    "null",
    "~",
    "<<: ",
    "é",
    "\u{2028}",
    "\u{85}",
    "plain text",
    "text\n  more\n",
    "'",
    "\"",
    "@",
    "`",
    "%",
    "  # i\n",
    "    # deep\n",
    "\n# out\n",
];

const SCALARS: &[&str] = &[
    "a",
    "plain",
    "two words",
    "12",
    "0x1F",
    "1.5",
    "true",
    "~",
    "null",
    "2001-01-01",
    "a#b",
    "a:b",
    "x?y",
    "-1",
    "-a",
    "é",
    "日本",
    "'single'",
    "'it''s'",
    "\"double\"",
    "\"a\\tb\\u00e9\\x41\"",
    "''",
    "\"\"",
    "<<",
    "!!str 1",
    "!t x",
    "!!binary aGk=",
    "! 5",
    "http://a/b?c=d",
    "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]",
];

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            anchors: [false; 2],
            handle: false,
        }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    /// Pieces of syntax one after another.
    pub(crate) fn fragments(&mut self) -> Vec<u8> {
        let mut text = String::new();
        for _ in 0..1 + self.below(14) {
            text.push_str(self.pick(FRAGMENTS));
        }
        text.into_bytes()
    }

    /// A stream of documents that are mostly in order.
    pub(crate) fn structured(&mut self) -> Vec<u8> {
        self.anchors = [false; 2];
        let mut out = String::new();
        let documents = if self.one_in(4) { 2 + self.below(2) } else { 1 };
        for document in 0..documents {
            self.noise(&mut out, 0);
            self.handle = false;
            if self.one_in(12) && (document == 0 || out.ends_with("...\n")) {
                let directives = [
                    "%YAML 1.1\n",
                    "%TAG ! !x-\n",
                    "%TAG !e! tag:example.com,2000:\n",
                ];
                let directive = self.below(directives.len());
                self.handle = directive == 2;
                out.push_str(directives[directive]);
                out.push_str("---\n");
            } else if document > 0 || self.one_in(4) {
                out.push_str(self.pick(&["---\n", "---\n", "--- # start\n"]));
            }
            self.noise(&mut out, 0);
            let depth = 1 + self.below(4);
            if self.one_in(10) {
                self.inline(&mut out, 0);
            } else {
                self.block(&mut out, 0, depth);
            }
            self.noise(&mut out, 0);
            if self.one_in(8) {
                out.push_str(self.pick(&["...\n", "... # end\n"]));
            }
        }
        if self.one_in(10) {
            out = out.replace('\n', "\r\n");
        }
        if self.one_in(10) {
            out.truncate(out.trim_end().len());
        }
        let mut bytes = out.into_bytes();
        if self.one_in(30) {
            bytes.splice(0..0, *b"\xEF\xBB\xBF");
        }
        bytes
    }

    /// Flips, removes, repeats or inserts bytes.
    pub(crate) fn damage(&mut self, mut text: Vec<u8>) -> Vec<u8> {
        for _ in 0..1 + self.below(3) {
            if text.is_empty() {
                return text;
            }
            let at = self.below(text.len());
            match self.below(6) {
                0 => text[at] ^= 1 << self.below(8),
                1 => {
                    text.remove(at);
                }
                2 => {
                    let end = text.len().min(at + self.below(12));
                    text.drain(at..end);
                }
                3 => {
                    let end = text.len().min(at + self.below(20));
                    let again = text[at..end].to_vec();
                    text.splice(at..at, again);
                }
                4 => text.truncate(at),
                _ => {
                    let fragment = self.pick(FRAGMENTS);
                    text.splice(at..at, fragment.bytes());
                }
            }
        }
        text
    }

    /// Comments and blank lines, or more often nothing.
    fn noise(&mut self, out: &mut String, indent: usize) {
        if !self.one_in(3) {
            return;
        }
        for _ in 0..1 + self.below(4) {
            if self.one_in(3) {
                let tab = self.one_in(40);
                out.push_str(if tab {
                    "\t\n"
                } else {
                    self.pick(&["\n", "\n", "  \n"])
                });
            } else {
                let indent = match self.below(5) {
                    0 => self.below(8),
                    _ => indent,
                };
                self.spaces(out, indent);
                out.push_str(self.pick(&[
                    "#",
                    "# one",
                    "#two",
                    "# three words here",
                    "## é",
                    "# trailing  ",
                ]));
                out.push('\n');
            }
        }
    }

    fn spaces(&mut self, out: &mut String, count: usize) {
        out.extend(std::iter::repeat_n(' ', count));
    }

    fn properties(&mut self, out: &mut String) {
        if self.one_in(8) {
            let tags = ["", "!t ", "!!str ", "!<tag:x> ", "!e!x "];
            let tag = tags[self.below(if self.handle { 5 } else { 4 })];
            let anchor = self.below(3);
            let anchor = match anchor {
                2 => "",
                defined => {
                    self.anchors[defined] = true;
                    ["&a ", "&b "][defined]
                }
            };
            if self.one_in(2) {
                out.extend([tag, anchor]);
            } else {
                out.extend([anchor, tag]);
            }
        }
    }

    /// An alias of an anchor that has been defined, most of the time.
    fn alias(&mut self) -> &'static str {
        if self.one_in(200) {
            return "*c";
        }
        match self.anchors {
            [true, true] => self.pick(&["*a", "*b"]),
            [true, false] => "*a",
            [false, true] => "*b",
            [false, false] => "no alias",
        }
    }

    /// The end of a line, perhaps with a comment.
    fn end(&mut self, out: &mut String) {
        if self.one_in(6) {
            out.push_str(self.pick(&[" # line", "  #line", "\t# tab", " #"]));
        }
        out.push('\n');
    }

    fn block(&mut self, out: &mut String, indent: usize, depth: usize) {
        if self.one_in(2) {
            self.mapping(out, indent, depth);
        } else {
            self.sequence(out, indent, depth);
        }
    }

    fn mapping(&mut self, out: &mut String, indent: usize, depth: usize) {
        for at in 0..1 + self.below(4) {
            if at > 0 {
                self.noise(out, indent);
                self.spaces(out, indent);
            } else if !out.is_empty() && out.ends_with('\n') {
                self.spaces(out, indent);
            }
            if self.one_in(15) {
                out.push_str("? ");
                self.value(out, indent + 2, depth);
                if self.one_in(4) {
                    continue;
                }
                self.spaces(out, indent);
                out.push(':');
            } else {
                self.properties(out);
                let key = match self.below(12) {
                    0 => self.alias(),
                    _ => self.pick(&[
                        "a",
                        "b",
                        "key",
                        "two words",
                        "'q'",
                        "\"d\"",
                        "12",
                        "é",
                        "[x]",
                        "{y: z}",
                        "<<",
                    ]),
                };
                out.push_str(key);
                if key.starts_with('*') {
                    out.push(' ');
                }
                out.push(':');
            }
            if self.one_in(20) {
                self.end(out);
                continue;
            }
            self.child(out, indent, depth, true);
        }
    }

    fn sequence(&mut self, out: &mut String, indent: usize, depth: usize) {
        for at in 0..1 + self.below(4) {
            if at > 0 {
                self.noise(out, indent);
                self.spaces(out, indent);
            } else if !out.is_empty() && out.ends_with('\n') {
                self.spaces(out, indent);
            }
            out.push('-');
            if self.one_in(20) {
                self.end(out);
                continue;
            }
            self.child(out, indent, depth, false);
        }
    }

    /// What follows a `:` or a `-`.
    fn child(&mut self, out: &mut String, indent: usize, depth: usize, after_key: bool) {
        if depth > 0 && self.one_in(2) {
            let by = 1 + self.below(4);
            if !after_key && self.one_in(2) {
                self.spaces(out, by);
                self.block(out, indent + 1 + by, depth - 1);
                return;
            }
            if self.one_in(8) {
                out.push(' ');
                self.properties(out);
            }
            self.end(out);
            let deeper = indent + if self.one_in(3) { 2 } else { by };
            self.noise(out, deeper);
            if after_key && self.one_in(3) {
                self.sequence(out, indent, depth - 1);
            } else {
                self.block(out, deeper, depth - 1);
            }
            return;
        }
        let tab = self.one_in(if after_key { 10 } else { 200 });
        out.push_str(if tab {
            "\t"
        } else {
            self.pick(&[" ", " ", "  "])
        });
        self.value(out, indent, depth);
    }

    fn value(&mut self, out: &mut String, indent: usize, depth: usize) {
        self.properties(out);
        match self.below(10) {
            0 => {
                let header = self.pick(&["|", ">", "|-", ">-", "|+", ">+", "|2", ">1-"]);
                out.push_str(header);
                self.end(out);
                for _ in 0..self.below(4) {
                    if self.one_in(4) {
                        out.push_str(self.pick(&["\n", "\n\n", "   \n"]));
                    }
                    let by = 2 + if self.one_in(4) { self.below(3) } else { 0 };
                    self.spaces(out, indent + by);
                    out.push_str(self.pick(&[
                        "text",
                        "two words  ",
                        "# no comment",
                        "é: x",
                        "- y",
                    ]));
                    out.push('\n');
                }
            }
            1 | 2 => {
                self.flow(out, indent + 1, depth.min(3));
                self.end(out);
            }
            3 => {
                let (open, close) = [("", ""), ("'", "'"), ("\"", "\"")][self.below(3)];
                out.push_str(open);
                out.push_str("first line");
                out.push_str(self.pick(&["\n", "\n\n", " \n", "  \n \n"]));
                self.spaces(out, indent + 1 + self.state as usize % 3);
                out.push_str("second");
                out.push_str(close);
                self.end(out);
            }
            4 => {
                let alias = self.alias();
                out.push_str(alias);
                self.end(out);
            }
            _ => {
                out.push_str(self.pick(SCALARS));
                self.end(out);
            }
        }
    }

    fn inline(&mut self, out: &mut String, indent: usize) {
        self.value(out, indent, 2);
    }

    fn flow(&mut self, out: &mut String, indent: usize, depth: usize) {
        self.properties(out);
        let is_mapping = self.one_in(2);
        out.push(if is_mapping { '{' } else { '[' });
        self.flow_gap(out, indent);
        for at in 0..self.below(4) {
            if at > 0 {
                out.push(',');
                self.flow_gap(out, indent);
            }
            if self.one_in(10) {
                out.push_str("? ");
            }
            if is_mapping || self.one_in(6) {
                out.push_str(self.pick(&["a", "b", "'q'", "\"d\"", "", "[x]", "two words"]));
                out.push_str(self.pick(&[": ", ": ", ":", " : ", ":\n      ", ""]));
            }
            if depth > 0 && self.one_in(3) {
                self.flow(out, indent + 1, depth - 1);
            } else {
                let item = match self.below(10) {
                    0 => self.alias(),
                    _ => self.pick(&["x", "1", "'q'", "\"d\"", "y z", "", "!t v", "a:b"]),
                };
                out.push_str(item);
            }
            self.flow_gap(out, indent);
        }
        if self.one_in(8) {
            out.push_str(", ");
        }
        out.push(if is_mapping { '}' } else { ']' });
    }

    /// Space inside a flow collection, at times with line breaks and comments.
    fn flow_gap(&mut self, out: &mut String, indent: usize) {
        match self.below(8) {
            0 | 1 => out.push(' '),
            2 => {
                self.end(out);
                self.noise(out, indent);
                self.spaces(out, indent);
            }
            _ => {}
        }
    }
}
