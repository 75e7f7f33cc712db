//! Random templates, the same ones for the same seed.

/// A small generator of numbers (xorshift64*), so that a failure can be repeated.
pub(crate) struct Random(u64);

const KEYS: [&str; 4] = ["a", "b", "empty", "num"];

const STRINGS: [&str; 14] = [
    "\"x\"",
    "\"\"",
    "\"a,b\"",
    "\",\"",
    "\"5\"",
    "\"-3\"",
    "\"1.5\"",
    "\"a b\"",
    "\"é\"",
    "\"YQ==\"",
    "\"[a-z]+\"",
    "\"(\"",
    "\"%s-%v\"",
    "\"%d\"",
];

const ONE_STRING: [&str; 28] = [
    "upper",
    "lower",
    "title",
    "trim",
    "quote",
    "squote",
    "b64enc",
    "b64dec",
    "b32enc",
    "b32dec",
    "sha256sum",
    "toJson",
    "len",
    "toString",
    "snakecase",
    "camelcase",
    "kebabcase",
    "nospace",
    "initials",
    "swapcase",
    "untitle",
    "html",
    "js",
    "urlquery",
    "adler32sum",
    "base",
    "clean",
    "fromJson",
];

const TWO_STRINGS: [&str; 20] = [
    "contains",
    "hasPrefix",
    "hasSuffix",
    "trimPrefix",
    "trimSuffix",
    "trimAll",
    "splitList",
    "split",
    "eq",
    "ne",
    "lt",
    "ge",
    "default",
    "cat",
    "regexMatch",
    "regexFind",
    "print",
    "printf",
    "deepEqual",
    "semverCompare",
];

const ANYTHING: [&str; 26] = [
    "toString",
    "quote",
    "empty",
    "int",
    "int64",
    "float64",
    "toJson",
    "typeOf",
    "kindOf",
    "len",
    "first",
    "last",
    "rest",
    "reverse",
    "uniq",
    "compact",
    "not",
    "add1",
    "toStrings",
    "sortAlpha",
    "until",
    "fail",
    "floor",
    "initial",
    "list",
    "mustToJson",
];

const ANY_TWO: [&str; 22] = [
    "eq", "ne", "lt", "default", "coalesce", "list", "append", "prepend", "without", "has",
    "index", "slice", "dict", "add", "sub", "div", "mul", "mod", "join", "and", "or", "concat",
];

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn string(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 4 } else { 9 }) {
            0 | 1 => format!(".{}", self.pick(&KEYS)),
            2 => self.pick(&STRINGS).to_owned(),
            3 => format!("$.{}", self.pick(&KEYS)),
            4 | 5 => format!("({} {})", self.pick(&ONE_STRING), self.string(depth - 1)),
            6 => format!(
                "({} {} {})",
                self.pick(&TWO_STRINGS),
                self.string(depth - 1),
                self.string(depth - 1)
            ),
            7 => format!(
                "(trunc {} {})",
                self.below(7) as i64 - 3,
                self.string(depth - 1)
            ),
            _ => {
                let function = self.pick(&[
                    "replace \"a\" \"b\"",
                    "nindent 2",
                    "repeat 2",
                    "substr 0 2",
                    "substr 1 2",
                    "abbrev 5",
                    "wrap 3",
                ]);
                format!("({function} {})", self.string(depth - 1))
            }
        }
    }

    fn value(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 9 } else { 16 }) {
            0..=2 => self.string(depth),
            3 => self.below(5).to_string(),
            4 => self
                .pick(&["true", "false", "nil", "1.5", "-1", "0"])
                .to_owned(),
            5 => ".missing".to_owned(),
            6 => self.pick(&["$x", "$y", "."]).to_owned(),
            7 => format!(
                "(splitList {} .{})",
                self.pick(&["\",\"", "\"\"", ".b"]),
                self.pick(&KEYS)
            ),
            8 => format!("(list 1 {} nil)", self.string(0)),
            9..=11 => format!("({} {})", self.pick(&ANYTHING), self.value(depth - 1)),
            12 | 13 => format!(
                "({} {} {})",
                self.pick(&ANY_TWO),
                self.value(depth - 1),
                self.value(depth - 1)
            ),
            14 => format!(
                "(dict \"k\" {} \"l\" {})",
                self.value(depth - 1),
                self.value(depth - 1)
            ),
            _ => format!(
                "(ternary {} {} ({} {}))",
                self.value(depth - 1),
                self.value(depth - 1),
                self.pick(&["empty", "not", "kindIs \"string\""]),
                self.value(depth - 1)
            ),
        }
    }

    fn action(&mut self, depth: usize, in_range: bool) -> String {
        match self.below(if depth == 0 { 5 } else { 13 }) {
            0 | 1 => format!("{{{{ {} }}}}", self.value(2)),
            2 => format!("{{{{- {} | {} -}}}}", self.value(1), self.pick(&ANYTHING)),
            3 => format!("{{{{ $x = {} }}}}", self.value(1)),
            4 => self
                .pick(&[
                    "text ",
                    "\n",
                    "{{/* c */}}",
                    "{{ $y := .b }}",
                    "{{ $x }}",
                    "{{ .k.l }}",
                ])
                .to_owned(),
            5 | 6 => format!(
                "{{{{ if {} }}}}{}{{{{ else }}}}{}{{{{ end }}}}",
                self.value(2),
                self.body(depth, in_range),
                self.body(depth, in_range)
            ),
            7 => format!(
                "{{{{ with {} }}}}{}{{{{ end }}}}",
                self.value(2),
                self.body(depth, in_range)
            ),
            8 | 9 => format!(
                "{{{{ range {} }}}}{}{{{{ end }}}}",
                self.value(2),
                self.body(depth, true)
            ),
            10 => format!(
                "{{{{ range $x, $y := {} }}}}{}{{{{ else }}}}e{{{{ end }}}}",
                self.value(1),
                self.body(depth, true)
            ),
            11 if in_range => self.pick(&["{{ break }}", "{{ continue }}"]).to_owned(),
            11 => "{{ template \"t1\" .a }}".to_owned(),
            _ => format!("{{{{ template \"t2\" {} }}}}", self.value(1)),
        }
    }

    fn body(&mut self, depth: usize, in_range: bool) -> String {
        (0..=self.below(2))
            .map(|_| self.action(depth - 1, in_range))
            .collect()
    }

    /// A template that always parses.
    pub(crate) fn template(&mut self) -> String {
        let mut text = "{{ $x := .a }}{{ $y := 3 }}".to_owned();
        for _ in 0..=self.below(3) {
            text.push_str(&self.action(2, false));
        }
        text.push_str("{{ define \"t1\" }}[{{ . | default \"n\" }}]{{ end }}{{ define \"t2\" }}<{{ len . }}>{{ end }}");
        text
    }

    /// A secret of at most so many bytes, of the kinds that templates could tell apart.
    pub(crate) fn secret(&mut self, longest: usize) -> Vec<u8> {
        const SECRETS: [&str; 20] = [
            "",
            "a",
            "b",
            "a,b",
            ",",
            "0",
            "1",
            "-1",
            "x",
            "YQ==",
            "(",
            "[1]",
            "{\"k\":1}",
            "1.2.3",
            "true",
            "é",
            "a b c",
            "%d",
            "%s%s",
            "\u{130}\u{130}",
        ];
        let mut secret = match self.below(4) {
            0 => (0..self.below(longest + 1))
                .map(|_| self.below(256) as u8)
                .collect(),
            1 => {
                vec![self.pick(&["a", ",", "\"", "\n", "<"]).as_bytes()[0]; self.below(longest + 1)]
            }
            _ => self.pick(&SECRETS).as_bytes().to_vec(),
        };
        secret.truncate(longest);
        secret
    }
}
