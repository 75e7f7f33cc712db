//! Checks of the Gateway API (argo-cd: `resource_customizations/gateway.networking.k8s.io/*/health.lua`).

use serde_json::Value;

use super::Health;
use super::Status::{Degraded, Healthy, Progressing};
use super::fields::{conditions, is, list, number_if, text, text_if};

/// A gateway: its own conditions, then those of its listeners.
pub(super) fn gateway(object: &Value) -> Health {
    let own = conditions(object);
    if let Some(problem) = own.and_then(|own| problem(own, "", "Gateway is still being programmed"))
    {
        return problem;
    }
    let listeners = list(object, "/status/listeners");
    for listener in listeners {
        let conditions = list(listener, "/conditions");
        if let Some(problem) = problem(
            conditions,
            "Listener: ",
            "Listener is still being programmed",
        ) {
            return problem;
        }
    }
    if own.is_some() || !listeners.is_empty() {
        Health::new(Healthy, "Gateway is healthy")
    } else {
        Health::new(Progressing, "Waiting for Gateway status")
    }
}

/// A route for gRPC: all parents count.
pub(super) fn grpc_route(object: &Value) -> Health {
    route(object, "GRPCRoute", |_| true)
}

/// A route for HTTP: only parents that have seen the newest specification count.
pub(super) fn http_route(object: &Value) -> Health {
    let generation = number_if(object, "/metadata/generation");
    route(object, "HTTPRoute", |parent| {
        let Some(generation) = generation else {
            return true;
        };
        let conditions = list(parent, "/conditions");
        !conditions.is_empty()
            && conditions.iter().all(|condition| {
                number_if(condition, "/observedGeneration").is_none_or(|seen| seen == generation)
            })
    })
}

fn route(object: &Value, kind: &str, counts: impl Fn(&Value) -> bool) -> Health {
    let parents = list(object, "/status/parents");
    for parent in parents.iter().filter(|parent| counts(parent)) {
        let before = format!("Parent {}: ", text(parent, "/parentRef/name"));
        let conditions = list(parent, "/conditions");
        if let Some(problem) = problem(conditions, &before, "Route is still being programmed") {
            return problem;
        }
    }
    let reported = parents
        .iter()
        .any(|parent| !list(parent, "/conditions").is_empty() && counts(parent));
    if reported {
        Health::new(Healthy, format!("{kind} is healthy"))
    } else {
        Health::new(Progressing, format!("Waiting for {kind} status"))
    }
}

/// What conditions say against health, with `before` in front of the message.
fn problem(conditions: &[Value], before: &str, programming: &str) -> Option<Health> {
    for kind in ["ResolvedRefs", "Accepted"] {
        if let Some(condition) = conditions
            .iter()
            .find(|condition| is(condition, kind, "False"))
        {
            let otherwise = || format!("Failed condition: {kind}");
            let message = text_if(condition, "/message").map_or_else(otherwise, str::to_owned);
            return Some(Health::new(Degraded, format!("{before}{message}")));
        }
    }
    let pending = conditions.iter().find(|condition| {
        text(condition, "/type") == "Programmed" && text(condition, "/status") != "True"
    })?;
    let message = text_if(pending, "/message").unwrap_or(programming);
    Some(Health::new(Progressing, format!("{before}{message}")))
}
