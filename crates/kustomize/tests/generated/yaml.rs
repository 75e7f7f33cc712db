//! YAML text in the many ways in which people write it.

use peers::random::Random;

/// A value to write.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// As it stands, quotes included.
    Raw(String),
    /// A text; how it is quoted is chosen when it is written.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping, in this order.
    Map(Vec<(String, Self)>),
}

impl Value {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number, a boolean, or whatever else is written without quotes.
    pub(super) fn raw(text: impl ToString) -> Self {
        Self::Raw(text.to_string())
    }

    /// A list of texts.
    pub(super) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// Sets a field of a mapping.
    pub(super) fn set(&mut self, name: &str, value: Self) {
        if let Self::Map(fields) = self {
            fields.push((name.to_owned(), value));
        }
    }
}

/// A mapping of these fields.
pub(super) fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// Writes a document in a style that is chosen once, with comments strewn in.
pub(super) fn write(random: &mut Random, value: &Value) -> String {
    let mut writer = Writer {
        indent: *random.pick(&[2, 2, 2, 4]),
        lists: *random.pick(&[0, 0, 2]),
        comments: *random.pick(&[0, 0, 25]),
        flow: *random.pick(&[0, 12]),
        quote: *random.pick(&[0, 4]),
        random,
        out: String::new(),
    };
    writer.block(value, 0);
    writer.out
}

struct Writer<'r> {
    /// The columns of a level.
    indent: usize,
    /// The columns by which a list stands right of its key.
    lists: usize,
    /// One in how many lines has a comment; never where it is zero.
    comments: usize,
    /// One in how many values is in flow style; none where it is zero.
    flow: usize,
    /// One in how many texts is quoted without need; none where it is zero.
    quote: usize,
    random: &'r mut Random,
    out: String,
}

impl Writer<'_> {
    fn chance(&mut self, one_in: usize) -> bool {
        one_in != 0 && self.random.one_in(one_in)
    }

    fn pad(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    /// The mapping or list, its first line already indented.
    fn block(&mut self, value: &Value, column: usize) {
        match value {
            Value::Map(fields) => {
                for (position, (name, value)) in fields.iter().enumerate() {
                    if position > 0 {
                        self.pad(column);
                    }
                    if self.chance(self.comments) {
                        let name = name.replace(['"', '\n'], "");
                        self.out.push_str(&format!("# about {name}\n"));
                        self.pad(column);
                    }
                    self.out.push_str(name);
                    self.out.push(':');
                    self.after_key(value, column);
                }
            }
            Value::List(items) => {
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        self.pad(column);
                    }
                    self.out.push('-');
                    self.item(item, column);
                }
            }
            scalar => self.scalar(scalar, column),
        }
    }

    fn after_key(&mut self, value: &Value, column: usize) {
        match value {
            Value::Map(fields) if fields.is_empty() => self.line(" {}"),
            Value::List(items) if items.is_empty() => self.line(" []"),
            Value::Map(_) | Value::List(_) if self.chance(self.flow) => {
                let text = self.flowing(value);
                self.line(&format!(" {text}"));
            }
            Value::Map(_) => {
                self.line("");
                let column = column + self.indent;
                self.pad(column);
                self.block(value, column);
            }
            Value::List(_) => {
                self.line("");
                let column = column + self.lists;
                self.pad(column);
                self.block(value, column);
            }
            scalar => {
                self.out.push(' ');
                self.scalar(scalar, column + self.indent);
            }
        }
    }

    fn item(&mut self, value: &Value, column: usize) {
        match value {
            Value::Map(fields) if !fields.is_empty() && !self.chance(self.flow) => {
                self.out.push(' ');
                self.block(value, column + 2);
            }
            Value::Map(_) | Value::List(_) => {
                let text = self.flowing(value);
                self.line(&format!(" {text}"));
            }
            scalar => {
                self.out.push(' ');
                self.scalar(scalar, column + 2);
            }
        }
    }

    /// The end of a line.
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        if self.chance(self.comments) {
            self.out.push_str(" # so it is");
        }
        self.out.push('\n');
    }

    fn scalar(&mut self, value: &Value, column: usize) {
        match value {
            Value::Text(text) if text.contains('\n') && block_can_hold(text) => {
                self.out.push('|');
                if !text.ends_with('\n') {
                    self.out.push('-');
                }
                self.out.push('\n');
                for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                    if !line.is_empty() {
                        self.pad(column.max(2));
                        self.out.push_str(line);
                    }
                    self.out.push('\n');
                }
            }
            Value::Text(text) => {
                let text = self.quoted(text);
                self.line(&text);
            }
            Value::Raw(text) => self.line(text),
            Value::List(_) | Value::Map(_) => {
                let text = self.flowing(value);
                self.line(&text);
            }
        }
    }

    fn quoted(&mut self, text: &str) -> String {
        let plain = is_plain(text) && !self.chance(self.quote);
        if plain {
            text.to_owned()
        } else if text.contains(|c: char| c.is_control()) || self.random.one_in(2) {
            format!("{text:?}").replace("\\'", "'")
        } else {
            format!("'{}'", text.replace('\'', "''"))
        }
    }

    fn flowing(&mut self, value: &Value) -> String {
        match value {
            Value::Raw(text) => text.clone(),
            Value::Text(text) if is_plain(text) && !text.contains([',', '[', ']', '{', '}']) => {
                self.quoted(text)
            }
            Value::Text(text) => format!("{text:?}").replace("\\'", "'"),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flowing(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", self.flowing(value)))
                    .collect();
                format!("{{{}}}", fields.join(", "))
            }
        }
    }
}

fn block_can_hold(text: &str) -> bool {
    !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with("\n\n")
        && !text.contains(['\r', '\u{7f}'])
}

/// Whether a text is itself when it is written without quotes.
fn is_plain(text: &str) -> bool {
    let first = text.bytes().next().unwrap_or(b' ');
    (first.is_ascii_alphabetic() || first == b'/')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./ ,()=@:$".contains(&byte))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .contains(&text.to_lowercase().as_str())
}
