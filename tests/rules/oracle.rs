//! Asking the oracle in JSON values, and making objects to ask about.

use peers::gitops_engine::GitopsEngine;
use peers::random::Random;
use serde_json::{Map, Value};

/// Argo CD's code.
pub(crate) struct Oracle(GitopsEngine);

impl Oracle {
    pub(crate) fn start() -> Self {
        Self(GitopsEngine::start())
    }

    pub(crate) fn ask(&mut self, mode: &str, document: &Value) -> Result<Value, String> {
        let answer = self.0.ask(mode, &serde_json::to_vec(document).unwrap())?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }
}

/// An object with some of `fields` at JSON pointers, each with one of its values or not there.
pub(crate) fn object(random: &mut Random, fields: &[(&str, &[Value])]) -> Value {
    let mut object = Value::Object(Map::new());
    for (pointer, values) in fields {
        if random.one_in(3) {
            continue;
        }
        set(&mut object, pointer, random.pick(values).clone());
    }
    object
}

/// Sets what a JSON pointer of field names points to.
pub(crate) fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut at = object;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = at
            .as_object_mut()
            .unwrap()
            .entry(name)
            .or_insert(Value::Null);
    }
    *at = value;
}
