//! Which cluster is asked, and as whom.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

// Which cluster is asked, and as whom.
#[derive(Args, Debug)]
pub(in crate::cli) struct ClusterArguments {
    /// The kubeconfig, instead of those of `KUBECONFIG` or `~/.kube/config`. Programs that it names for credentials are
    /// run, as kubectl runs them.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Cluster")]
    pub kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig, instead of its current one.
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    pub context: Option<String>,

    /// The namespace for objects that name none, and for what is remembered of the application. By default what the
    /// application says, or the context.
    #[arg(long, short, value_name = "NAMESPACE", help_heading = "Cluster")]
    pub namespace: Option<String>,

    /// Act as this service account of that namespace, as `spec.serviceAccountName` of an application does.
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    pub service_account: Option<String>,

    /// How long one request, with all its repetitions, may take: `30s`, `2m`.
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Cluster")]
    pub request_timeout: Option<Duration>,
}

/// A duration as it is typed: a number of seconds, or with `s`, `m` or `h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("durations look like `90`, `90s`, `5m` or `1h`".to_owned()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|seconds| (1..=7 * 24 * 3600).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "a duration is at least a second and at most a week".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_typed_with_or_without_a_unit() {
        for (text, expect) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("5m", Some(300)),
            ("2h", Some(7200)),
            ("0", None),
            ("", None),
            ("m", None),
            ("5 m", None),
            ("1d", None),
            ("-5s", None),
            ("99999999999999999999s", None),
            ("9999999h", None),
        ] {
            assert_eq!(
                duration(text).ok().map(|found| found.as_secs()),
                expect,
                "{text}"
            );
        }
    }
}
