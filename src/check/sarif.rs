//! Findings as SARIF 2.1.0, the form in which code hosts read the results of static analysis
//! (OASIS, *Static Analysis Results Interchange Format*).

use serde_json::{Value, json};

use super::finding::{Finding, Rule, Severity};

/// The SARIF log of one run.
pub fn log(findings: &[Finding]) -> Value {
    let rules: Vec<Value> = Rule::ALL
        .iter()
        .map(|rule| {
            json!({
                "id": rule.name(),
                "shortDescription": { "text": rule.summary() },
                "help": { "text": rule.help() },
                "defaultConfiguration": { "level": level(rule.severity()) },
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lockstep",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(finding: &Finding) -> Value {
    let mut place = json!({
        "artifactLocation": { "uri": uri(finding.path.as_str()) },
    });
    if finding.line > 0 {
        place["region"] = json!({ "startLine": finding.line });
    }
    let mut location = json!({ "physicalLocation": place });
    if let Some(key_path) = &finding.key_path {
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": key_path, "kind": "member" }]);
    }
    json!({
        "ruleId": finding.rule.name(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == finding.rule),
        "level": level(finding.rule.severity()),
        "message": { "text": finding.message },
        "locations": [location],
    })
}

const fn level(severity: Severity) -> &'static str {
    severity.name()
}

/// A relative URI reference: every byte that a path segment may not hold is percent-encoded (RFC 3986, 3.3).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'@'
            | b'+'
            | b'=' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use tree::TreePath;

    use super::*;

    #[test]
    fn a_finding_names_its_rule_file_line_and_key() {
        let log = log(&[Finding {
            path: TreePath::parse("apps/a b.yaml").unwrap(),
            line: 7,
            rule: Rule::PlaintextSecret,
            key_path: Some("data.password".into()),
            message: "Secret shop/db is in plaintext".into(),
        }]);
        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "plaintext-secret");
        assert_eq!(result["level"], "error");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "apps/a%20b.yaml");
        assert_eq!(place["region"]["startLine"], 7);
        let index = result["ruleIndex"]
            .as_u64()
            .and_then(|index| usize::try_from(index).ok())
            .unwrap();
        assert_eq!(
            log["runs"][0]["tool"]["driver"]["rules"][index]["id"],
            "plaintext-secret"
        );
    }

    #[test]
    fn a_finding_about_a_whole_file_has_no_region() {
        let log = log(&[Finding {
            path: TreePath::parse("x.env").unwrap(),
            line: 0,
            rule: Rule::MacMissing,
            key_path: None,
            message: "no MAC".into(),
        }]);
        assert!(
            log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
                .get("region")
                .is_none()
        );
    }
}
