//! The real Go program, and how its answers are compared with ours.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gotemplate::{Functions, Template, Value};
use serde_json::json;

/// The data of a template: the controller's map of strings, or any JSON value.
#[derive(Clone)]
pub(crate) enum Data {
    Strings(Vec<(&'static str, Vec<u8>)>),
    Json(serde_json::Value),
}

/// What came of a template.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Output(Vec<u8>),
    ParseError,
    ExecError,
}

/// An outcome, and the text of the error where it came from Go.
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) detail: String,
}

/// Asks the Go program about all templates at once.
pub(crate) fn ask(templates: &[String], data: &Data) -> Vec<Answer> {
    let program = peers::program("sprig", "sprig");
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let questions: Vec<String> = templates
        .iter()
        .map(|text| {
            let text = STANDARD.encode(text);
            match data {
                Data::Strings(entries) => {
                    let entries: serde_json::Map<String, serde_json::Value> = entries
                        .iter()
                        .map(|(key, value)| ((*key).to_owned(), STANDARD.encode(value).into()))
                        .collect();
                    json!({ "text": text, "data": entries }).to_string()
                }
                Data::Json(values) => json!({ "text": text, "values": values }).to_string(),
            }
        })
        .collect();
    let writer = std::thread::spawn(move || {
        for question in questions {
            writeln!(stdin, "{question}").unwrap();
        }
    });
    let answers = stdout
        .lines()
        .map(|line| {
            let answer: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            let text = |name: &str| {
                answer
                    .get(name)
                    .and_then(|value| value.as_str())
                    .map(str::to_owned)
            };
            if let Some(detail) = text("parse") {
                Answer {
                    outcome: Outcome::ParseError,
                    detail,
                }
            } else if let Some(detail) = text("exec") {
                Answer {
                    outcome: Outcome::ExecError,
                    detail,
                }
            } else {
                let output = STANDARD.decode(text("out").unwrap_or_default()).unwrap();
                Answer {
                    outcome: Outcome::Output(output),
                    detail: String::new(),
                }
            }
        })
        .collect();
    writer.join().unwrap();
    child.wait().unwrap();
    answers
}

/// What this library makes of a template.
pub(crate) fn render(text: &str, data: &Data) -> Answer {
    let template = match Template::parse("t", text, &Functions::controller()) {
        Ok(template) => template,
        Err(error) => {
            return Answer {
                outcome: Outcome::ParseError,
                detail: error.to_string(),
            };
        }
    };
    match template.render(&value(data)) {
        Ok(output) => Answer {
            outcome: Outcome::Output(output.expose().to_vec()),
            detail: String::new(),
        },
        Err(error) => Answer {
            outcome: Outcome::ExecError,
            detail: error.to_string(),
        },
    }
}

pub(crate) fn value(data: &Data) -> Value {
    match data {
        Data::Strings(entries) => Value::strings(entries.iter().map(|(key, value)| (*key, value))),
        Data::Json(json) => from_json(json),
    }
}

fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap()),
        serde_json::Value::String(text) => Value::text(text),
        serde_json::Value::Array(items) => Value::list(items.iter().map(from_json)),
        serde_json::Value::Object(entries) => {
            Value::dict(entries.iter().map(|(key, value)| (key, from_json(value))))
        }
    }
}

/// Compares all templates, and gives a report of the differences.
pub(crate) fn differences(templates: &[String], data: &Data) -> Vec<String> {
    let answers = ask(templates, data);
    assert_eq!(answers.len(), templates.len());
    let mut differences = Vec::new();
    for (text, theirs) in templates.iter().zip(answers) {
        let ours = render(text, data);
        if ours.outcome != theirs.outcome {
            differences.push(format!(
                "{text}\n    go:   {}\n    ours: {}",
                shown(&theirs),
                shown(&ours)
            ));
        }
    }
    differences
}

fn shown(answer: &Answer) -> String {
    match &answer.outcome {
        Outcome::Output(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        Outcome::ParseError => format!("parse error: {}", answer.detail),
        Outcome::ExecError => format!("error: {}", answer.detail),
    }
}
