//! Random creation rules.

use crate::random::Random;

/// One rule of `.sops.yaml`, as lines: the keys, in one group or several, and what is encrypted.
pub fn rule(random: &mut Random, recipients: &[String]) -> String {
    let mut lines = if random.one_in(4) {
        groups(random, recipients)
    } else {
        vec![group(random, recipients)]
    };
    lines.extend(selection(random));
    if random.one_in(4) {
        lines.push("mac_only_encrypted: true".to_owned());
    }
    lines.join("\n")
}

fn group(random: &mut Random, recipients: &[String]) -> String {
    let count = 1 + random.below(recipients.len());
    format!("age: {}", recipients[..count].join(","))
}

fn groups(random: &mut Random, recipients: &[String]) -> Vec<String> {
    let mut lines = vec!["key_groups:".to_owned()];
    for recipient in recipients {
        lines.push("  - age:".to_owned());
        lines.push(format!("      - {recipient}"));
    }
    if random.one_in(2) {
        lines.push("shamir_threshold: 2".to_owned());
    }
    lines
}

fn selection(random: &mut Random) -> Option<String> {
    let rules = [
        "unencrypted_suffix: _plain",
        "encrypted_suffix: _secret",
        "encrypted_suffix: a",
        "unencrypted_regex: '^(kind|name|items)'",
        "unencrypted_regex: '[0-9]$'",
        "encrypted_regex: '^(data|stringData|pass)'",
        "encrypted_regex: '(?i)[aeiou]'",
        "unencrypted_comment_regex: 'sops:clear'",
        "encrypted_comment_regex: 'sops:enc'",
    ];
    (!random.one_in(3)).then(|| (*random.pick(&rules)).to_owned())
}
