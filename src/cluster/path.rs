//! Addresses of resources below the API server's root.

use std::fmt::Write;

use url::form_urlencoded;

use super::discovery::{ApiResource, Scope};
use super::error::ApiError;
use super::object::Address;

/// What follows the question mark.
#[derive(Default)]
pub(super) struct Query {
    pairs: Vec<(&'static str, String)>,
}

impl Query {
    pub(super) fn with(mut self, key: &'static str, value: &str) -> Self {
        self.pairs.push((key, value.to_owned()));
        self
    }

    pub(super) fn with_some(self, key: &'static str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.with(key, value.as_ref()),
            None => self,
        }
    }

    /// `path` with this query.
    pub(super) fn on(self, path: String) -> String {
        if self.pairs.is_empty() {
            return path;
        }
        let mut target = path + "?";
        let encoded: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.pairs)
            .finish();
        target.push_str(&encoded);
        target
    }
}

/// The path of one object.
pub(super) fn object(address: &Address<'_>) -> Result<String, ApiError> {
    if address.resource.scope == Scope::Namespaced && address.namespace.is_none() {
        return Err(ApiError::Address);
    }
    let mut path = collection(address.resource, address.namespace)?;
    path.push('/');
    push_segment(&mut path, address.name)?;
    Ok(path)
}

/// The path of all objects of a kind, in one namespace or everywhere.
pub(super) fn collection(
    resource: &ApiResource,
    namespace: Option<&str>,
) -> Result<String, ApiError> {
    let mut path = String::from("/api");
    if !resource.group.is_empty() {
        path.push_str("s/");
        push_segment(&mut path, &resource.group)?;
    }
    path.push('/');
    push_segment(&mut path, &resource.version)?;
    if let Some(namespace) = namespace
        && resource.scope == Scope::Namespaced
    {
        path.push_str("/namespaces/");
        push_segment(&mut path, namespace)?;
    }
    path.push('/');
    push_segment(&mut path, &resource.plural)?;
    Ok(path)
}

/// Appends one segment. What would be another path is refused, as the API server does
/// (apimachinery: api/validation/path/name.go).
fn push_segment(path: &mut String, segment: &str) -> Result<(), ApiError> {
    if matches!(segment, "" | "." | "..") || segment.contains(['/', '%']) {
        return Err(ApiError::Address);
    }
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn resource(group: &str, plural: &str, scope: Scope) -> ApiResource {
        ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: String::new(),
            plural: plural.to_owned(),
            scope,
            verbs: BTreeSet::new(),
            subresources: BTreeSet::new(),
        }
    }

    #[test]
    fn paths_are_those_of_the_api_server() {
        let pods = resource("", "pods", Scope::Namespaced);
        let roles = resource("rbac.authorization.k8s.io", "clusterroles", Scope::Cluster);
        assert_eq!(
            object(&Address::new(&pods, Some("shop"), "web")).unwrap(),
            "/api/v1/namespaces/shop/pods/web"
        );
        assert_eq!(collection(&pods, None).unwrap(), "/api/v1/pods");
        assert_eq!(
            object(&Address::new(&roles, Some("ignored"), "system:a b")).unwrap(),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%20b"
        );
    }

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        let pods = resource("", "pods", Scope::Namespaced);
        for name in ["", ".", "..", "a/b", "../../secrets/x", "a%2fb", "a%"] {
            assert!(
                object(&Address::new(&pods, Some("shop"), name)).is_err(),
                "{name}"
            );
            assert!(
                object(&Address::new(&pods, Some(name), "web")).is_err(),
                "{name}"
            );
        }
        assert!(object(&Address::new(&pods, None, "web")).is_err());
    }

    #[test]
    fn queries_are_encoded() {
        let query = Query::default()
            .with("labelSelector", "a=b,c&d")
            .with_some("x", None::<&str>);
        assert_eq!(query.on("/p".to_owned()), "/p?labelSelector=a%3Db%2Cc%26d");
    }
}
