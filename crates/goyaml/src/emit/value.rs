//! Events of a plain value (go-yaml: encode.go).

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    KeyOrder,
    emitter::Emitter,
    event::{Around, Event, Scalar, Start},
    key_order,
};
use crate::{
    float, json,
    node::{Form, Tag},
    resolve::{Dialect, is_base60, is_old_bool, plain_tag},
    value::Value,
};

/// Writes a value as a document.
pub(super) fn document(emitter: &mut Emitter<'_>, value: &Value, order: KeyOrder) {
    emitter.emit(Event::DocumentStart { head: "" });
    walk(emitter, value, order);
    emitter.emit(Event::DocumentEnd { foot: "" });
}

fn walk(emitter: &mut Emitter<'_>, value: &Value, order: KeyOrder) {
    match value {
        Value::Array(items) => {
            emitter.emit(Event::SequenceStart(opening(items.is_empty())));
            for item in items {
                walk(emitter, item, order);
            }
            emitter.emit(Event::SequenceEnd { line: "", foot: "" });
        }
        Value::Object(entries) => {
            emitter.emit(Event::MappingStart(opening(entries.is_empty())));
            match order {
                KeyOrder::AsGiven => {
                    for (key, value) in entries {
                        entry(emitter, &string(key, emitter.rules.dialect), value, order);
                    }
                }
                KeyOrder::Sorted => {
                    for (key, value) in key_order::names(entries, emitter.rules.dialect) {
                        entry(emitter, &string(key, emitter.rules.dialect), value, order);
                    }
                }
            }
            emitter.emit(Event::MappingEnd {
                tail: "",
                line: "",
                foot: "",
            });
        }
        Value::Mapping(entries) => {
            emitter.emit(Event::MappingStart(opening(entries.is_empty())));
            match order {
                KeyOrder::AsGiven => {
                    for (key, value) in entries {
                        walk(emitter, key, order);
                        walk(emitter, value, order);
                    }
                }
                KeyOrder::Sorted => {
                    for (key, value) in key_order::keys(entries, emitter.rules.dialect) {
                        walk(emitter, key, order);
                        walk(emitter, value, order);
                    }
                }
            }
            emitter.emit(Event::MappingEnd {
                tail: "",
                line: "",
                foot: "",
            });
        }
        _ => tell(emitter, &scalar(value, emitter.rules.dialect)),
    }
}

fn entry(emitter: &mut Emitter<'_>, key: &Text<'_>, value: &Value, order: KeyOrder) {
    tell(emitter, key);
    walk(emitter, value, order);
}

fn opening(empty: bool) -> Start<'static, 'static> {
    Start {
        anchor: "",
        tag: "",
        flow: false,
        empty,
        head: "",
        tail: "",
    }
}

fn tell(emitter: &mut Emitter<'_>, text: &Text<'_>) {
    let tag = if text.tag == Tag::Binary {
        "!!binary"
    } else {
        ""
    };
    let comments = Around::default();
    emitter.emit(Event::Scalar(Scalar {
        anchor: "",
        tag,
        value: &text.text,
        form: text.form,
        comments,
    }));
}

/// A scalar's text, the tag it has, and the style that is asked for.
pub(super) struct Text<'v> {
    pub(super) text: Cow<'v, str>,
    pub(super) tag: Tag,
    pub(super) form: Form,
}

/// How a scalar is written. `value` is neither a list nor a mapping.
pub(super) fn scalar(value: &Value, dialect: Dialect) -> Text<'_> {
    let plain = |text: String, tag| Text {
        text: Cow::Owned(text),
        tag,
        form: Form::Any,
    };
    match (value, dialect) {
        (Value::Bool(value), _) => plain(value.to_string(), Tag::Bool),
        (Value::Int(number), _) => plain(number.to_string(), Tag::Int),
        (Value::Uint(number), _) => plain(number.to_string(), Tag::Int),
        (Value::Float(number), Dialect::GoYaml3) => plain(float::yaml(*number), Tag::Float),
        (Value::Float(number), Dialect::GoYaml2) => plain(through_json(*number), Tag::Float),
        (Value::String(text), _) => string(text, dialect),
        (Value::Bytes(bytes), Dialect::GoYaml3) => {
            let text = base64_lines(bytes);
            let form = if text.contains('\n') {
                Form::Literal
            } else {
                Form::Any
            };
            Text {
                text: Cow::Owned(text),
                tag: Tag::Binary,
                form,
            }
        }
        (Value::Bytes(bytes), Dialect::GoYaml2) => owned(json::lossy(bytes), dialect),
        (Value::Timestamp(time), Dialect::GoYaml3) => plain(time.to_string(), Tag::Timestamp),
        (Value::Timestamp(time), Dialect::GoYaml2) => owned(time.to_string(), dialect),
        (Value::Null | Value::Array(_) | Value::Object(_) | Value::Mapping(_), _) => Text {
            text: Cow::Borrowed("null"),
            tag: Tag::Null,
            form: Form::Any,
        },
    }
}

pub(super) fn string(text: &str, dialect: Dialect) -> Text<'_> {
    Text {
        text: Cow::Borrowed(text),
        tag: Tag::Str,
        form: string_form(text, dialect),
    }
}

fn owned(text: String, dialect: Dialect) -> Text<'static> {
    let form = string_form(&text, dialect);
    Text {
        text: Cow::Owned(text),
        tag: Tag::Str,
        form,
    }
}

/// The style in which a string stays one.
fn string_form(text: &str, dialect: Dialect) -> Form {
    if text.contains('\n') {
        return Form::Literal;
    }
    let misread = plain_tag(text, dialect) != Tag::Str
        || is_base60(text)
        || dialect == Dialect::GoYaml3 && is_old_bool(text);
    if misread {
        Form::DoubleQuoted
    } else {
        Form::Any
    }
}

/// sigs.k8s.io/yaml passes every value through JSON, which writes a whole float below 1e21 as an integer
/// (sigs.k8s.io/yaml: yaml.go).
fn through_json(number: f64) -> String {
    match float::json(number) {
        Some(text) => match (text.parse::<i64>(), text.parse::<u64>()) {
            (Ok(whole), _) => whole.to_string(),
            (_, Ok(whole)) => whole.to_string(),
            _ => float::yaml(number),
        },
        None => float::yaml(number),
    }
}

/// Base64 as go-yaml and kustomize write it: where it does not fit in a line of less than 70 characters, in lines of 70,
/// which all end with a line break.
pub fn base64_lines(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut text = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text
}
