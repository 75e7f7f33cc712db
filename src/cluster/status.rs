//! The server's refusals, `metav1.Status`, taken apart.
//!
//! What a refusal is told by is the reason and the causes that the server gives. Where it gives none, its fixed phrases
//! decide; those were read off kube-apiserver 1.34 and are held by the tests against it.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use super::error::{ApiError, FieldConflict, FieldError, RetryAfter, ServerText};
use super::object::Content;
use super::undeclared;

/// How many fields and conflicts are kept of one refusal.
const MOST_FIELDS: usize = 64;

/// How long the name of a field, a manager or a webhook may be that is kept, in bytes.
const LONGEST_NAME: usize = 512;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    kind: &'a str,
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    reason: Cow<'a, str>,
    #[serde(deserialize_with = "or_default")]
    details: Details,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    name: String,
    kind: String,
    #[serde(deserialize_with = "or_default")]
    causes: Vec<Cause>,
    retry_after_seconds: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cause {
    reason: String,
    message: String,
    field: String,
}

/// What the refusal `body` with the HTTP code `code` means. `retry_after` is the header's.
pub(super) fn refusal(
    code: u16,
    retry_after: Option<Duration>,
    body: &[u8],
    content: Content,
) -> ApiError {
    let status = serde_json::from_slice::<Status<'_>>(body)
        .ok()
        .filter(|status| status.kind == "Status");
    let Some(status) = status else {
        return without_status(code, retry_after);
    };
    let seconds = status.details.retry_after_seconds;
    let retry_after = retry_after
        .or_else(|| (seconds > 0).then(|| Duration::from_secs(seconds.into())))
        .map(RetryAfter);
    let message = status.message.as_ref();
    let text = || ServerText::keep(message, content);
    match (code, status.reason.as_ref()) {
        (401, _) => ApiError::Unauthorized,
        (403, _) => forbidden(&status, content),
        (404, _) => not_found(&status),
        (409, "AlreadyExists") => ApiError::AlreadyExists,
        (409, _) => conflict(status, content),
        (410, _) => ApiError::Expired,
        (413, _) => ApiError::TooLarge,
        (422, _) => invalid(&status, content),
        (429, _) => ApiError::TooManyRequests { retry_after },
        // Server-side apply answers so to an object that its schema does not allow; asking again changes nothing.
        (500, "") if is_schema(message) => {
            let fields: Vec<FieldError> = schema_problems(message)
                .map(|(field, problem)| FieldError {
                    field: place(field, content),
                    kind: if problem.starts_with("field not declared in schema") {
                        undeclared::KIND.to_owned()
                    } else {
                        String::new()
                    },
                    text: ServerText::keep(problem, content),
                })
                .take(MOST_FIELDS)
                .collect();
            ApiError::Invalid {
                text: if fields.is_empty() {
                    text()
                } else {
                    ServerText::default()
                },
                fields,
            }
        }
        (500, "InternalError") if message.contains("failed calling webhook \"") => {
            ApiError::WebhookUnavailable {
                webhook: quoted_after(message, "failed calling webhook "),
            }
        }
        (500 | 502..=504, _) => ApiError::Unavailable { code, retry_after },
        _ => refused(code, &status, content),
    }
}

/// A proxy or something else that is no API server answered.
const fn without_status(code: u16, retry_after: Option<Duration>) -> ApiError {
    let retry_after = match retry_after {
        Some(wait) => Some(RetryAfter(wait)),
        None => None,
    };
    match code {
        401 => ApiError::Unauthorized,
        // kube-apiserver answers so for a group that it does not serve.
        404 => ApiError::UnknownKind,
        413 => ApiError::TooLarge,
        429 => ApiError::TooManyRequests { retry_after },
        500 | 502..=504 => ApiError::Unavailable { code, retry_after },
        _ => ApiError::Decode,
    }
}

fn not_found(status: &Status<'_>) -> ApiError {
    let details = &status.details;
    if details.name.is_empty() {
        ApiError::UnknownKind
    } else if details.kind == "namespaces" {
        ApiError::NamespaceNotFound {
            namespace: bounded(&details.name),
        }
    } else {
        ApiError::NotFound
    }
}

fn forbidden(status: &Status<'_>, content: Content) -> ApiError {
    let terminating = |cause: &Cause| cause.reason == "NamespaceTerminating";
    if status.details.causes.iter().any(terminating) {
        return ApiError::NamespaceTerminating;
    }
    denied(status, content).unwrap_or_else(|| ApiError::Forbidden {
        text: ServerText::keep(&status.message, content),
    })
}

fn conflict(status: Status<'_>, content: Content) -> ApiError {
    let mut conflicts: Vec<FieldConflict> = Vec::new();
    for cause in status.details.causes {
        if cause.reason != "FieldManagerConflict" {
            continue;
        }
        let manager = quoted_after(&cause.message, "conflict with ");
        let subresource = cause
            .message
            .contains("subresource \"")
            .then(|| quoted_after(&cause.message, "subresource "));
        let field = place(&cause.field, content);
        let known = conflicts
            .iter()
            .position(|known| known.manager == manager && known.subresource == subresource);
        match known {
            Some(known) => {
                let fields = &mut conflicts[known].fields;
                if fields.len() < MOST_FIELDS {
                    fields.push(field);
                }
            }
            None if conflicts.len() < MOST_FIELDS => conflicts.push(FieldConflict {
                manager,
                subresource,
                fields: vec![field],
            }),
            None => {}
        }
    }
    if !conflicts.is_empty() {
        return ApiError::FieldConflict { conflicts };
    }
    if status.message.contains("the UID in the precondition") {
        ApiError::Precondition
    } else {
        ApiError::Conflict
    }
}

fn invalid(status: &Status<'_>, content: Content) -> ApiError {
    if let Some(denied) = denied(status, content) {
        return denied;
    }
    let causes = &status.details.causes;
    let fields = fields(status, content);
    if !causes.is_empty() && causes.iter().all(|cause| says_immutable(&cause.message)) {
        return ApiError::Immutable { fields };
    }
    let text = if fields.is_empty() {
        ServerText::keep(&status.message, content)
    } else {
        ServerText::default()
    };
    ApiError::Invalid { fields, text }
}

fn refused(code: u16, status: &Status<'_>, content: Content) -> ApiError {
    if let Some(denied) = denied(status, content) {
        return denied;
    }
    let mut fields = fields(status, content);
    if code == 400 {
        fields.extend(strict_fields(&status.message, content));
        let is_decoding = status.message.contains(" cannot be handled as a ");
        if !fields.is_empty() || is_decoding {
            return ApiError::Invalid {
                fields,
                text: ServerText::keep(&status.message, content),
            };
        }
    }
    ApiError::Refused {
        code,
        reason: bounded(&status.reason),
        fields,
        text: ServerText::keep(&status.message, content),
    }
}

/// The admission webhook or policy that says no, where one does.
fn denied(status: &Status<'_>, content: Content) -> Option<ApiError> {
    let message = status.message.as_ref();
    let by = if message.starts_with("admission webhook \"") {
        quoted_after(message, "admission webhook ")
    } else {
        // The name of the object comes first, and cannot hold the phrase.
        let (_, policy) = message.split_once("is forbidden: ValidatingAdmissionPolicy '")?;
        bounded(policy.split('\'').next()?)
    };
    Some(ApiError::Denied {
        by,
        text: ServerText::keep(message, content),
    })
}

fn fields(status: &Status<'_>, content: Content) -> Vec<FieldError> {
    let causes = status.details.causes.iter().take(MOST_FIELDS);
    causes
        .map(|cause| FieldError {
            field: place(&cause.field, content),
            kind: bounded(&cause.reason),
            text: ServerText::keep(&cause.message, content),
        })
        .collect()
}

/// The fields of `strict decoding error: unknown field "a", duplicate field "b"`.
fn strict_fields(message: &str, content: Content) -> Vec<FieldError> {
    let Some((_, list)) = message.split_once("strict decoding error: ") else {
        return Vec::new();
    };
    list.split(", ")
        .take(MOST_FIELDS)
        .filter_map(|item| {
            let (kind, rest) = item.split_once(" field \"")?;
            let kind = match kind {
                "unknown" => "FieldUnknown",
                "duplicate" => "FieldValueDuplicate",
                _ => return None,
            };
            Some(FieldError {
                field: place(rest.strip_suffix('"')?, content),
                kind: kind.to_owned(),
                text: ServerText::default(),
            })
        })
        .collect()
}

/// Whether the server says that an object does not fit its schema.
fn is_schema(message: &str) -> bool {
    message.starts_with("failed to convert new object")
        || message.starts_with("failed to create typed")
}

/// The fields of `failed to create typed patch object (…): .spec.replicas: expected …`, and what is wrong with each. Where
/// there are several, `errors:` and each on a line of its own stand in the place of the one (structured-merge-diff:
/// `typed/validate.go`).
fn schema_problems(message: &str) -> impl Iterator<Item = (&str, &str)> {
    message
        .strip_prefix("failed to create typed ")
        .and_then(|rest| rest.split_once("): "))
        .map_or("", |(_, problems)| problems)
        .lines()
        .filter_map(|line| line.trim_start().split_once(": "))
        .filter(|(field, _)| field.starts_with('.'))
}

/// Whether the server says of a field that it cannot be changed: the phrases of its validation, kind by kind.
fn says_immutable(message: &str) -> bool {
    [
        "field is immutable",
        "is immutable after creation",
        "immutable field",
        "may not change once set",
        "may not be changed",
        "cannot change roleRef",
        "updates to statefulset spec for fields other than",
        "pod updates may not change fields other than",
    ]
    .iter()
    .any(|phrase| message.contains(phrase))
}

/// The path of a field. Elements of sets and keys of lists are values of the object, and stand in the path in quotes;
/// they are left out where values may be secret.
fn place(field: &str, content: Content) -> String {
    let mut path = String::new();
    let mut quoted = false;
    let mut escaped = false;
    for char in field.chars().take(LONGEST_NAME) {
        let is_quote = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        if is_quote {
            quoted = !quoted;
            if content == Content::Confidential && quoted {
                path.push('…');
            }
            if content == Content::Confidential {
                continue;
            }
        }
        if (quoted && content == Content::Confidential) || char.is_control() {
            continue;
        }
        path.push(char);
    }
    path
}

/// The quoted text that follows `before`, or nothing.
fn quoted_after(message: &str, before: &str) -> String {
    let quoted = message
        .split_once(before)
        .and_then(|(_, rest)| rest.strip_prefix('"'))
        .and_then(|rest| rest.split('"').next());
    bounded(quoted.unwrap_or_default())
}

fn bounded(text: &str) -> String {
    text.chars()
        .filter(|char| !char.is_control())
        .take(LONGEST_NAME)
        .collect()
}

/// Go writes an empty list or object as `null`.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "s3cr3t-canary";

    fn status(code: u16, reason: &str, message: &str, causes: serde_json::Value) -> ApiError {
        read(code, reason, message, causes, Content::Confidential)
    }

    fn read(
        code: u16,
        reason: &str,
        message: &str,
        causes: serde_json::Value,
        content: Content,
    ) -> ApiError {
        let body = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "metadata": {},
            "message": message, "reason": reason, "code": code, "details": { "causes": causes },
        });
        refusal(code, None, body.to_string().as_bytes(), content)
    }

    #[test]
    fn nothing_of_a_confidential_object_is_kept_but_places() {
        let cases = [
            status(
                500,
                "",
                &format!(
                    "failed to create typed patch object (/a; /v1, Kind=Secret): .data.p: expected string, got \
                     &value.valueUnstructured{{Value:{CANARY}}}"
                ),
                serde_json::Value::Null,
            ),
            status(
                422,
                "Invalid",
                &format!("Secret \"a\" is invalid: metadata.labels: Invalid value: \"{CANARY}\""),
                serde_json::json!([{ "reason": "FieldValueInvalid", "field": "metadata.labels",
                    "message": format!("Invalid value: \"{CANARY}\"") }]),
            ),
            status(
                409,
                "Conflict",
                &format!("Apply failed with 1 conflict: .spec.list[\"{CANARY}\"]"),
                serde_json::json!([{ "reason": "FieldManagerConflict", "message": "conflict with \"kubectl\"",
                    "field": format!(".spec.list[\"{CANARY}\"]") }]),
            ),
            status(
                403,
                "Forbidden",
                &format!("admission webhook \"policy.example.com\" denied the request: {CANARY}"),
                serde_json::Value::Null,
            ),
            status(
                400,
                "BadRequest",
                &format!("the object provided is unrecognized: {CANARY}"),
                serde_json::Value::Null,
            ),
        ];
        for error in cases {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(CANARY), "{shown}");
        }
    }

    #[test]
    fn fields_are_named_without_the_values_in_them() {
        assert_eq!(
            place(r#".spec.list["a \" b"].x"#, Content::Confidential),
            ".spec.list[…].x"
        );
        assert_eq!(
            place(r#".c[name="web"].image"#, Content::Public),
            r#".c[name="web"].image"#
        );
    }

    #[test]
    fn conflicts_are_listed_by_manager() {
        let error = status(
            409,
            "Conflict",
            "Apply failed with 3 conflicts",
            serde_json::json!([
                { "reason": "FieldManagerConflict", "message": "conflict with \"third\"", "field": ".data.b" },
                { "reason": "FieldManagerConflict", "message": "conflict with \"other\"", "field": ".data.a" },
                { "reason": "FieldManagerConflict", "message": "conflict with \"other\"", "field": ".data.b" },
                { "reason": "FieldManagerConflict", "field": ".status.x",
                  "message": "conflict with \"other\" with subresource \"status\" using apps/v1" },
            ]),
        );
        let ApiError::FieldConflict { conflicts } = error else {
            panic!("{error}");
        };
        let read: Vec<_> = conflicts
            .iter()
            .map(|c| (c.manager.as_str(), c.subresource.as_deref(), c.fields.len()))
            .collect();
        assert_eq!(
            read,
            [
                ("third", None, 1),
                ("other", None, 2),
                ("other", Some("status"), 1)
            ]
        );
    }

    #[test]
    fn an_object_is_immutable_only_if_nothing_else_is_wrong() {
        let immutable = serde_json::json!({ "reason": "FieldValueInvalid", "field": "type",
            "message": "Invalid value: \"x\": field is immutable" });
        let required = serde_json::json!({ "reason": "FieldValueRequired", "field": "data[username]",
            "message": "Required value" });
        let cases = [
            (serde_json::json!([immutable]), "immutable"),
            (serde_json::json!([immutable, required]), "invalid"),
            (serde_json::json!([]), "invalid"),
        ];
        for (causes, reason) in cases {
            assert_eq!(status(422, "Invalid", "", causes).reason(), reason);
        }
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        let none = serde_json::Value::Null;
        let cases = [
            (500, "", "etcdserver: request timed out", true),
            (
                500,
                "InternalError",
                "Internal error occurred: etcd is away",
                true,
            ),
            (
                500,
                "InternalError",
                "failed calling webhook \"a.b\": no route",
                true,
            ),
            (504, "Timeout", "request did not complete", true),
            (429, "TooManyRequests", "too many requests", true),
            (
                500,
                "",
                "failed to create typed patch object (/a; /v1, Kind=Secret): .x: field not declared in schema",
                false,
            ),
            (
                400,
                "BadRequest",
                "metadata.managedFields must be nil",
                false,
            ),
            (405, "MethodNotAllowed", "", false),
        ];
        for (code, reason, message, passes) in cases {
            let error = status(code, reason, message, none.clone());
            assert_eq!(error.may_pass(), passes, "{message}: {error}");
        }
    }

    #[test]
    fn any_bytes_are_an_error_and_no_panic() {
        for body in [
            &b""[..],
            b"{",
            b"[]",
            b"{\"kind\":\"Status\"}",
            b"{\"kind\":\"Status\",\"details\":null}",
            b"\xff\xfe",
            b"{\"kind\":\"Status\",\"message\":12}",
        ] {
            for code in [0, 199, 301, 400, 404, 409, 422, 500, 999] {
                let error = refusal(code, None, body, Content::Public);
                assert!(!error.reason().is_empty());
            }
        }
    }
}
