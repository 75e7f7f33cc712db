//! The audit log: which requests reached the API server, and in which order they ended.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// One finished request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// As RBAC names it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    pub verb: String,
    /// The plural of the kind with its group: `configmaps`, `deployments.apps`; empty for requests of no resource.
    pub resource: String,
    /// `status`, `token`; mostly empty.
    pub subresource: String,
    /// The namespace, empty for objects of the whole cluster.
    pub namespace: String,
    /// The object's name, empty for lists.
    pub name: String,
    /// The path with the query.
    pub uri: String,
    /// The HTTP status of the answer.
    pub code: u64,
    /// For whom the request was made, where the user impersonates another.
    pub impersonated: Option<String>,
    /// The program's own name of itself.
    pub agent: String,
}

impl Request {
    /// Whether nothing is changed by it: a dry run.
    pub fn is_dry_run(&self) -> bool {
        self.uri.contains("dryRun=All")
    }

    /// Whether it asked for a change.
    pub fn is_write(&self) -> bool {
        matches!(
            self.verb.as_str(),
            "create" | "update" | "patch" | "delete" | "deletecollection"
        ) && !self.is_dry_run()
    }

    /// The object as people write it: `configmaps/settings`, `deployments.apps/web`.
    pub fn object(&self) -> String {
        format!("{}/{}", self.resource, self.name)
    }
}

pub(super) fn read(log: &Path, user: &str) -> Vec<Request> {
    let text = fs::read_to_string(log).expect("the audit log can be read");
    let marker = format!("\"username\":\"{user}\"");
    text.lines()
        .filter(|line| line.contains(&marker))
        // The last line can be one that is still being written.
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|event: &Value| event["user"]["username"] == user)
        .map(|event| request(&event))
        .collect()
}

fn request(event: &Value) -> Request {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &event["objectRef"];
    let group = object["apiGroup"].as_str().unwrap_or_default();
    let mut resource = text(&object["resource"]);
    if !group.is_empty() {
        resource.push('.');
        resource.push_str(group);
    }
    Request {
        verb: text(&event["verb"]),
        resource,
        subresource: text(&object["subresource"]),
        namespace: text(&object["namespace"]),
        name: text(&object["name"]),
        uri: text(&event["requestURI"]),
        code: event["responseStatus"]["code"].as_u64().unwrap_or_default(),
        impersonated: event["impersonatedUser"]["username"]
            .as_str()
            .map(str::to_owned),
        agent: text(&event["userAgent"]),
    }
}
