//! The stream of changes of a selection.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::client::{Cluster, Selection};
use super::error::ApiError;
use super::exchange::{Ask, JSON, broken};
use super::object::Content;
use super::path::collection;
use super::retry::{Asks, Repeat};
use super::status::refusal;

/// How long the server may be silent. It sends a bookmark each minute.
const SILENCE: Duration = Duration::from_secs(90);

/// How long an event may be, in bytes.
const LONGEST_EVENT: usize = 64 << 20;

/// Changes of the objects of a selection, as they happen.
pub struct Watch {
    body: Body,
    buffer: Vec<u8>,
    /// How much of the buffer is known to hold no end of a line.
    searched: usize,
    content: Content,
}

/// One change.
#[derive(Clone)]
pub enum Event {
    /// The object is there, or is as it says now.
    Applied(Value),
    /// The object is gone; this is how it was last.
    Deleted(Value),
    /// Nothing changed up to this version.
    Bookmark(String),
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
}

impl Cluster {
    /// Watches a selection from `resource_version` on, which a list gave, for at most `limit`.
    ///
    /// # Errors
    ///
    /// [`ApiError::Expired`] when the version is too old, and others.
    pub async fn watch(
        &self,
        selection: Selection<'_>,
        resource_version: &str,
        limit: Duration,
    ) -> Result<Watch, ApiError> {
        let target = selection
            .query()
            .with("watch", "true")
            .with("allowWatchBookmarks", "true")
            .with("resourceVersion", resource_version)
            .with("timeoutSeconds", &limit.as_secs().max(1).to_string())
            .on(collection(selection.resource, selection.namespace)?);
        let ask = Ask {
            asks: Asks::Watch,
            method: Method::GET,
            target,
            accept: JSON,
            body: None,
            repeat: Repeat::Always,
            content: selection.resource.content(),
        };
        let response = self.shared.open(&ask).await?;
        Ok(Watch {
            body: response.into_body(),
            buffer: Vec::new(),
            searched: 0,
            content: ask.content,
        })
    }
}

impl Watch {
    /// The next change; none when the server ends the watch, which it does after a while.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or the server says that it cannot go on.
    pub async fn next(&mut self) -> Result<Option<Event>, ApiError> {
        loop {
            let Some(line) = self.line() else {
                match timeout(SILENCE, self.body.frame()).await {
                    Err(_) => return Err(ApiError::Timeout),
                    Ok(None) => return Ok(None),
                    Ok(Some(Err(error))) => return Err(broken(&error)),
                    Ok(Some(Ok(frame))) => {
                        if let Ok(data) = frame.into_data() {
                            self.buffer.extend_from_slice(&data);
                        }
                    }
                }
                if self.buffer.len() > LONGEST_EVENT {
                    return Err(ApiError::AnswerTooLarge {
                        limit: LONGEST_EVENT,
                    });
                }
                continue;
            };
            let line = line?;
            return Ok(Some(match line.kind.as_str() {
                "ADDED" | "MODIFIED" => Event::Applied(line.object),
                "DELETED" => Event::Deleted(line.object),
                "BOOKMARK" => match version(&line.object) {
                    Some(version) => Event::Bookmark(version.to_owned()),
                    None => continue,
                },
                "ERROR" => {
                    let code = line.object["code"].as_u64().unwrap_or_default();
                    let code = u16::try_from(code).unwrap_or_default();
                    let body = line.object.to_string();
                    return Err(refusal(code, None, body.as_bytes(), self.content));
                }
                _ => return Err(ApiError::Decode),
            }));
        }
    }

    fn line(&mut self) -> Option<Result<Line, ApiError>> {
        let end = self.buffer[self.searched..]
            .iter()
            .position(|byte| *byte == b'\n');
        let Some(end) = end else {
            self.searched = self.buffer.len();
            return None;
        };
        let end = self.searched + end;
        let line = serde_json::from_slice(&self.buffer[..end]).map_err(|_| ApiError::Decode);
        self.buffer.drain(..=end);
        self.searched = 0;
        Some(line)
    }
}

/// The version of an object.
pub(super) fn version(object: &Value) -> Option<&str> {
    object.pointer("/metadata/resourceVersion")?.as_str()
}
