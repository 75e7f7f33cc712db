//! Charts to inflate (api: types/helmchartargs.go).

use std::collections::BTreeMap;

use goyaml::Value;

use super::decode::fields;

/// Where charts are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelmGlobals {
    /// The directory with the charts; empty means `charts`.
    pub chart_home: String,
    /// Helm's own configuration, which no build reads.
    pub config_home: String,
}

fields!(HelmGlobals {
    "chartHome" => chart_home,
    "configHome" => config_home,
});

/// A chart to inflate.
#[derive(Clone, Default, PartialEq)]
pub struct HelmChart {
    /// The name of the chart.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it can be had.
    pub repo: String,
    /// The name of the release.
    pub release_name: String,
    /// The namespace of the release.
    pub namespace: String,
    /// Files of values after the first.
    pub additional_values_files: Vec<String>,
    /// The file of values; empty means the chart's own.
    pub values_file: String,
    /// Values.
    pub values_inline: BTreeMap<String, Value>,
    /// How the two go together: `merge`, `override` or `replace`.
    pub values_merge: String,
    /// Whether the chart's CRDs are among the output.
    pub include_crds: bool,
    /// Whether hooks are left out.
    pub skip_hooks: bool,
    /// The API versions that the chart is told.
    pub api_versions: Vec<String>,
    /// The version of Kubernetes that the chart is told.
    pub kube_version: String,
    /// The template of the release's name.
    pub name_template: String,
    /// Whether tests are left out.
    pub skip_tests: bool,
    /// Whether Helm tells more.
    pub debug: bool,
    /// Whether versions under development count.
    pub devel: bool,
}

fields!(HelmChart {
    "name" => name,
    "version" => version,
    "repo" => repo,
    "releaseName" => release_name,
    "namespace" => namespace,
    "additionalValuesFiles" => additional_values_files,
    "valuesFile" => values_file,
    "valuesInline" => values_inline,
    "valuesMerge" => values_merge,
    "includeCRDs" => include_crds,
    "skipHooks" => skip_hooks,
    "apiVersions" => api_versions,
    "kubeVersion" => kube_version,
    "nameTemplate" => name_template,
    "skipTests" => skip_tests,
    "debug" => debug,
    "devel" => devel,
});

/// A chart to inflate, in the old form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelmChartArgs {
    /// The name of the chart.
    pub chart_name: String,
    /// Its version.
    pub chart_version: String,
    /// Where it can be had.
    pub chart_repo_url: String,
    /// The directory with the charts.
    pub chart_home: String,
    /// Accepted, and without effect in the real program.
    pub chart_repo_name: String,
    /// Accepted, and without effect in the real program.
    pub helm_bin: String,
    /// Helm's own configuration.
    pub helm_home: String,
    /// The file of values.
    pub values: String,
    /// Values.
    pub values_local: BTreeMap<String, Value>,
    /// How the two go together.
    pub values_merge: String,
    /// The name of the release.
    pub release_name: String,
    /// Accepted, and without effect in the real program.
    pub release_namespace: String,
    /// Accepted, and without effect in the real program.
    pub extra_args: Vec<String>,
}

fields!(HelmChartArgs {
    "chartName" => chart_name,
    "chartVersion" => chart_version,
    "chartRepoUrl" => chart_repo_url,
    "chartHome" => chart_home,
    "chartRepoName" => chart_repo_name,
    "helmBin" => helm_bin,
    "helmHome" => helm_home,
    "values" => values,
    "valuesLocal" => values_local,
    "valuesMerge" => values_merge,
    "releaseName" => release_name,
    "releaseNamespace" => release_namespace,
    "extraArgs" => extra_args,
});
