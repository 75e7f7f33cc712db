//! The operations on objects of a cluster.
//!
//! Every operation is repeated where that is safe (see [`retry`](super::retry)) until it succeeds, fails for good, or the
//! deadline of the [`Cluster`] has passed. Objects are JSON values, as they travel.

mod options;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::connect::{ConnectError, Connection};
use super::discovery::{Cache, Discovery};
use super::error::ApiError;
use super::exchange::{Answer, Ask, Failure, JSON, Shared};
use super::object::{Address, Content};
use super::path::{Query, collection, object};
use super::retry::{Asks, Counters, Gate, Pauses, Repeat, RequestCounts};

pub use options::{
    ApplyOptions, Conflicts, DeleteOptions, Deletion, Listed, Propagation, Run, Selection,
    Validation, WriteOptions, Written,
};

/// The manager of fields that lockstep sets.
pub const FIELD_MANAGER: &str = "lockstep";

/// How many requests go to one cluster at a time.
const CONCURRENCY: usize = 32;

/// A connection to one cluster. Clones share connections, discovery, the limit of concurrent requests and the counters.
#[derive(Clone)]
pub struct Cluster {
    pub(super) shared: Arc<Shared>,
    deadline: Duration,
}

/// How many objects one page of a list holds, as kubectl asks for.
const PAGE: u32 = 500;

/// How often a list is begun again because its pages became too old.
const LIST_ATTEMPTS: usize = 3;

/// How much older than the request an object may seem that the request made: times of objects are in whole seconds.
const CLOCK_STEP: Duration = Duration::from_secs(2);

const APPLY_PATCH: &str = "application/apply-patch+yaml";
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";

impl Cluster {
    /// Makes a client. Nothing is asked of the cluster yet, though a plugin for credentials may be run.
    ///
    /// # Errors
    ///
    /// When certificates or credentials cannot be used.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn connect(connection: Connection) -> Result<Self, ConnectError> {
        let deadline = connection.deadline;
        let shared = Shared {
            server: connection.server(),
            namespace: connection.namespace().to_owned(),
            gate: Gate::new(CONCURRENCY),
            client: connection.client()?,
            counters: Counters::default(),
            pauses: Pauses::new(),
            discovery: Cache::default(),
            answered: AtomicBool::new(false),
        };
        Ok(Self {
            shared: Arc::new(shared),
            deadline,
        })
    }

    /// The same cluster with another limit of time for one operation, repetitions and waiting for its turn included.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            deadline,
        }
    }

    /// The namespace of objects that name none: the connection's.
    pub fn default_namespace(&self) -> &str {
        &self.shared.namespace
    }

    /// The address of the API server, without anything that it may carry of credentials.
    pub fn server(&self) -> &str {
        &self.shared.server
    }

    /// How many requests were made so far.
    pub fn requests(&self) -> RequestCounts {
        self.shared.counters.read()
    }

    /// Which kinds the cluster serves. It is asked once.
    ///
    /// # Errors
    ///
    /// When the server does not tell.
    pub async fn discovery(&self) -> Result<Arc<Discovery>, ApiError> {
        self.shared.discovery.known(self).await
    }

    /// Asks again which kinds the cluster serves, as after a CustomResourceDefinition was made.
    ///
    /// # Errors
    ///
    /// When the server does not tell; what was known stays known.
    pub async fn refresh(&self) -> Result<Arc<Discovery>, ApiError> {
        self.shared.discovery.asked_again(self).await
    }

    /// The version of the server, as `v1.34.4`.
    ///
    /// # Errors
    ///
    /// When the server does not tell.
    pub async fn version(&self) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        let answer = self
            .read(Asks::Discovery, "/version".to_owned(), JSON)
            .await?;
        decoded::<Version>(&answer.body).map(|version| version.git_version)
    }

    /// Reads one object; none when it is not there, or its namespace is not.
    ///
    /// # Errors
    ///
    /// When the object cannot be read.
    pub async fn get(&self, address: Address<'_>) -> Result<Option<Value>, ApiError> {
        let ask = Ask::read(Asks::Get, object(&address)?).about(address.content);
        match self.shared.send(&ask, self.deadline).await {
            Ok(answer) => decoded(&answer.body).map(Some),
            Err(failure) => match failure.error {
                ApiError::NotFound | ApiError::NamespaceNotFound { .. } => Ok(None),
                error => Err(error),
            },
        }
    }

    /// Reads all objects of a selection, page by page. A list whose pages become too old on the way is begun again.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn list(&self, selection: Selection<'_>) -> Result<Listed, ApiError> {
        let mut attempt = 1;
        loop {
            match self.list_once(&selection).await {
                Err(ApiError::Expired) if attempt < LIST_ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn list_once(&self, selection: &Selection<'_>) -> Result<Listed, ApiError> {
        let resource = selection.resource;
        let (api_version, kind) = (resource.api_version(), &resource.kind);
        let mut listed = Listed {
            items: Vec::new(),
            resource_version: String::new(),
        };
        let mut go_on = String::new();
        loop {
            let query = selection
                .query()
                .with("limit", &PAGE.to_string())
                .with_some("continue", Some(&go_on).filter(|token| !token.is_empty()));
            let target = query.on(collection(resource, selection.namespace)?);
            let answer = self.read(Asks::List, target, JSON).await?;
            let page: Page = decoded(&answer.body)?;
            listed.items.reserve(page.items.len());
            for mut item in page.items {
                // Items of a list do not say what they are, except for custom resources.
                let fields = item.as_object_mut().ok_or(ApiError::Decode)?;
                if !fields.contains_key("kind") {
                    fields.shift_insert(0, "kind".to_owned(), kind.as_str().into());
                    fields.shift_insert(1, "apiVersion".to_owned(), api_version.as_str().into());
                }
                listed.items.push(item);
            }
            listed.resource_version = page.metadata.resource_version;
            go_on = page.metadata.go_on;
            if go_on.is_empty() {
                return Ok(listed);
            }
        }
    }

    /// Applies an object on the server's side, as [`FIELD_MANAGER`].
    ///
    /// # Errors
    ///
    /// [`ApiError::FieldConflict`] where others own fields and [`Conflicts::Refuse`] was asked for, and others.
    pub async fn apply(
        &self,
        address: Address<'_>,
        object: &Value,
        options: ApplyOptions,
    ) -> Result<Written, ApiError> {
        let force = match options.conflicts {
            Conflicts::Force => "true",
            Conflicts::Refuse => "false",
        };
        let write = Write {
            asks: Asks::Apply,
            method: Method::PATCH,
            kind: APPLY_PATCH,
            run: options.run,
            repeat: Repeat::Always,
        };
        let query = query(options.run, options.validation).with("force", force);
        let answer = self.write(address, query, write, object).await?;
        written(&answer, address.content)
    }

    /// Makes an object. Its address names the kind and the namespace; the name is read from the object, so that
    /// `generateName` works, too.
    ///
    /// # Errors
    ///
    /// [`ApiError::AlreadyExists`], and others.
    pub async fn create(
        &self,
        address: Address<'_>,
        object: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        let start = Instant::now();
        let name = object.pointer("/metadata/name").and_then(Value::as_str);
        let target = query(options.run, options.validation)
            .on(collection(address.resource, address.namespace)?);
        let body = encoded(object)?;
        let ask = Ask {
            asks: counted(Asks::Create, options.run),
            method: Method::POST,
            target,
            accept: JSON,
            body: Some((JSON, &body)),
            repeat: if name.is_some() || options.run == Run::Dry {
                Repeat::Always
            } else {
                Repeat::IfUntouched
            },
            content: address.content,
        };
        let failure = match self.shared.send(&ask, self.deadline).await {
            Ok(answer) => return written(&answer, address.content),
            Err(failure) => failure,
        };
        let (ApiError::AlreadyExists, true, Some(name)) = (&failure.error, failure.lost, name)
        else {
            return Err(failure.error);
        };
        let made = Address { name, ..address };
        match self.made_since(made, start).await? {
            Some(object) => Ok(Written {
                object,
                created: true,
                warnings: Vec::new(),
            }),
            None => Err(ApiError::AlreadyExists),
        }
    }

    /// The live object, if we made it after `start`.
    async fn made_since(
        &self,
        address: Address<'_>,
        start: Instant,
    ) -> Result<Option<Value>, ApiError> {
        let ask = Ask::read(Asks::Get, object(&address)?).about(address.content);
        let answer = match self.shared.send(&ask, self.deadline).await {
            Ok(answer) => answer,
            Err(Failure {
                error: ApiError::NotFound,
                ..
            }) => return Ok(None),
            Err(failure) => return Err(failure.error),
        };
        let live: Value = decoded(&answer.body)?;
        let is_ours = live
            .pointer("/metadata/managedFields")
            .and_then(Value::as_array)
            .is_some_and(|entries| {
                entries.iter().any(|entry| {
                    entry["manager"] == FIELD_MANAGER && entry["operation"] == "Update"
                })
            });
        // Both times are of the server's clock.
        let age = live
            .pointer("/metadata/creationTimestamp")
            .and_then(Value::as_str)
            .and_then(|made| made.parse::<jiff::Timestamp>().ok())
            .zip(answer.date())
            .map(|(made, now)| now.saturating_sub(made.as_second()));
        let elapsed = (start.elapsed() + CLOCK_STEP).as_secs();
        let is_new = age.is_some_and(|age| age <= i64::try_from(elapsed).unwrap_or(i64::MAX));
        Ok((is_ours && is_new).then_some(live))
    }

    /// Replaces an object. With `metadata.resourceVersion`, only if it is still at this version.
    ///
    /// # Errors
    ///
    /// [`ApiError::Conflict`] when it is not, and others.
    pub async fn replace(
        &self,
        address: Address<'_>,
        object: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        let write = Write {
            asks: Asks::Replace,
            method: Method::PUT,
            kind: JSON,
            run: options.run,
            repeat: Repeat::Always,
        };
        self.write_at_version(address, write, object, options).await
    }

    /// Changes an object by a merge patch (RFC 7386). With `metadata.resourceVersion`, only if it is still at this
    /// version.
    ///
    /// # Errors
    ///
    /// [`ApiError::Conflict`] when it is not, and others.
    pub async fn patch_merge(
        &self,
        address: Address<'_>,
        patch: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        let write = Write {
            asks: Asks::Patch,
            method: Method::PATCH,
            kind: MERGE_PATCH,
            run: options.run,
            repeat: Repeat::Always,
        };
        self.write_at_version(address, write, patch, options).await
    }

    /// Changes an object by a JSON patch (RFC 6902). It is not repeated after a lost answer, since most patches mean
    /// another thing the second time.
    ///
    /// # Errors
    ///
    /// When the object cannot be changed.
    pub async fn patch_json(
        &self,
        address: Address<'_>,
        patch: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        let write = Write {
            asks: Asks::Patch,
            method: Method::PATCH,
            kind: JSON_PATCH,
            run: options.run,
            repeat: match options.run {
                Run::Real => Repeat::IfUntouched,
                Run::Dry => Repeat::Always,
            },
        };
        let query = query(options.run, options.validation);
        let answer = self.write(address, query, write, patch).await?;
        written(&answer, address.content)
    }

    /// Deletes an object.
    ///
    /// # Errors
    ///
    /// [`ApiError::Precondition`] when it is another object by now, and others.
    pub async fn delete(
        &self,
        address: Address<'_>,
        options: DeleteOptions<'_>,
    ) -> Result<Deletion, ApiError> {
        let write = Write {
            asks: Asks::Delete,
            method: Method::DELETE,
            kind: JSON,
            run: options.run,
            repeat: if options.uid.is_some() || options.run == Run::Dry {
                Repeat::Always
            } else {
                Repeat::IfUntouched
            },
        };
        let answer = match self
            .write(address, Query::default(), write, &options.body())
            .await
        {
            Ok(answer) => answer,
            Err(Failure { error, lost }) => {
                return match error {
                    // By a name that someone else has taken since, too, the object that was meant is gone.
                    ApiError::NotFound | ApiError::Precondition if lost => Ok(Deletion::Gone),
                    ApiError::NotFound | ApiError::NamespaceNotFound { .. } => Ok(Deletion::Absent),
                    error => Err(error),
                };
            }
        };
        let object: Value = decoded(&answer.body)?;
        let is_marked = object.pointer("/metadata/deletionTimestamp").is_some();
        Ok(
            if is_marked && answer.code == 200 && options.run == Run::Real {
                Deletion::Pending(object)
            } else {
                Deletion::Gone
            },
        )
    }

    /// Writes with a version that the object must still have, if `body` names one.
    async fn write_at_version(
        &self,
        address: Address<'_>,
        write: Write,
        body: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        let query = query(options.run, options.validation);
        let failure = match self.write(address, query, write, body).await {
            Ok(answer) => return written(&answer, address.content),
            Err(failure) => failure,
        };
        if failure.lost && matches!(failure.error, ApiError::Conflict) {
            // The version may have moved on by the attempt whose answer got lost.
            if let Some(live) = self.get(address).await?
                && shows(&live, &without_version(body.clone()))
            {
                return Ok(Written {
                    object: live,
                    created: false,
                    warnings: Vec::new(),
                });
            }
        }
        Err(failure.error)
    }

    async fn write(
        &self,
        address: Address<'_>,
        query: Query,
        write: Write,
        body: &Value,
    ) -> Result<Answer, Failure> {
        let refused = |error| Failure { error, lost: false };
        let target = query.on(object(&address).map_err(refused)?);
        let body = encoded(body).map_err(refused)?;
        let ask = Ask {
            asks: counted(write.asks, write.run),
            method: write.method,
            target,
            accept: JSON,
            body: Some((write.kind, &body)),
            repeat: match write.run {
                Run::Dry => Repeat::Always,
                Run::Real => write.repeat,
            },
            content: address.content,
        };
        self.shared.send(&ask, self.deadline).await
    }

    /// Reads what lies at `target`.
    pub(super) async fn read(
        &self,
        asks: Asks,
        target: String,
        accept: &'static str,
    ) -> Result<Answer, ApiError> {
        let ask = Ask {
            accept,
            ..Ask::read(asks, target)
        };
        Ok(self.shared.send(&ask, self.deadline).await?)
    }
}

/// What the requests of writes differ in.
struct Write {
    asks: Asks,
    method: Method,
    /// The type of the body.
    kind: &'static str,
    run: Run,
    repeat: Repeat,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default, deserialize_with = "or_empty")]
    items: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageMetadata {
    resource_version: String,
    #[serde(rename = "continue")]
    go_on: String,
}

fn query(run: Run, validation: Validation) -> Query {
    let validation = match validation {
        Validation::Strict => "Strict",
        Validation::Warn => "Warn",
        Validation::Ignore => "Ignore",
    };
    let query = Query::default()
        .with("fieldManager", FIELD_MANAGER)
        .with("fieldValidation", validation);
    match run {
        Run::Real => query,
        Run::Dry => query.with("dryRun", "All"),
    }
}

const fn counted(asks: Asks, run: Run) -> Asks {
    match run {
        Run::Real => asks,
        Run::Dry => Asks::DryRun,
    }
}

fn written(answer: &Answer, content: Content) -> Result<Written, ApiError> {
    Ok(Written {
        object: decoded(&answer.body)?,
        created: answer.code == 201,
        warnings: answer.warnings(content),
    })
}

fn encoded(object: &Value) -> Result<Vec<u8>, ApiError> {
    // A JSON value can always be written.
    serde_json::to_vec(object).map_err(|_| ApiError::Decode)
}

/// The error of the parser quotes what it could not read, and is dropped.
pub(super) fn decoded<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|_| ApiError::Decode)
}

/// Go writes an empty list as `null`.
fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Whether `live` has all that `sent` says; null in `sent` is absence.
fn shows(live: &Value, sent: &Value) -> bool {
    match (live, sent) {
        (Value::Object(live), Value::Object(sent)) => {
            sent.iter().all(|(key, sent)| match live.get(key) {
                Some(live) => shows(live, sent),
                None => sent.is_null(),
            })
        }
        (live, sent) => live == sent,
    }
}

/// The object or patch without the version that it asks for.
fn without_version(mut sent: Value) -> Value {
    if let Some(Value::Object(metadata)) = sent.get_mut("metadata") {
        metadata.shift_remove("resourceVersion");
    }
    sent
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_written_object_is_known_again() {
        let live = json!({"metadata": {"name": "a", "uid": "1", "resourceVersion": "2"}, "data": {"x": "1"}});
        let cases = [
            (
                json!({"metadata": {"name": "a", "resourceVersion": "1"}, "data": {"x": "1"}}),
                true,
            ),
            (json!({"data": {"x": "1", "y": null}}), true),
            (json!({"data": {"x": null}}), false),
            (json!({"data": {"x": "2"}}), false),
            (json!({"data": {"resourceVersion": "1"}}), false),
        ];
        for (sent, expect) in cases {
            let message = sent.to_string();
            assert_eq!(shows(&live, &without_version(sent)), expect, "{message}");
        }
    }
}
