//! Objects as kubeseal prints them.

use goyaml::Value;
use goyaml::json::{Escape, Layout, Writer};

/// The formats of `kubeseal -o`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// Indented by two, fields in the order of the Go types, a newline at the end.
    #[default]
    Json,
    /// One document behind `---`, keys sorted as `sigs.k8s.io/yaml` sorts them.
    Yaml,
}

/// The object `value` in `format`.
pub(crate) fn print(value: &Value, format: Format) -> String {
    match format {
        Format::Json => {
            let mut text = String::new();
            write(
                &mut Writer::new(&mut text, Layout::Indented("  "), Escape::Html),
                value,
            );
            text.push('\n');
            text
        }
        Format::Yaml => format!("---\n{}", goyaml::emit::kubernetes(value)),
    }
}

fn write(json: &mut Writer<'_>, value: &Value) {
    match value {
        Value::Bool(value) => json.bool(*value),
        Value::Int(value) => json.int(*value),
        Value::String(text) => json.string(text.as_bytes()),
        Value::Array(items) => {
            json.begin_array();
            for item in items {
                write(json, item);
            }
            json.end_array();
        }
        Value::Object(entries) => {
            json.begin_object();
            for (key, value) in entries {
                json.key(key.as_bytes());
                write(json, value);
            }
            json.end_object();
        }
        // The objects of this crate hold none of these but null.
        Value::Null
        | Value::Uint(_)
        | Value::Float(_)
        | Value::Bytes(_)
        | Value::Timestamp(_)
        | Value::Mapping(_) => json.null(),
    }
}
