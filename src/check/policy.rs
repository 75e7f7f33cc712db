//! What the repository itself demands: the `.sops.yaml` files of its folders.

use std::collections::{BTreeMap, BTreeSet};

use sops::config::{self, Config, Recipient};
use sops::{MasterKey, Metadata};
use tree::{Tree, TreePath};

use super::CheckError;

/// The configuration files of the folders in which files are checked, and of those above.
pub(super) struct Configurations {
    by_folder: BTreeMap<TreePath, Config>,
}

/// A rule for one file.
pub(super) struct Demand {
    recipients: BTreeSet<(String, String)>,
    /// Whether the rule is for certain paths, and not for everything that has no other rule.
    pub(super) names_path: bool,
}

impl Configurations {
    pub(super) fn read(tree: &Tree, paths: &[TreePath]) -> Result<Self, CheckError> {
        let mut folders = BTreeSet::new();
        for path in paths {
            let mut folder = path.parent();
            // Once a folder is known, so are those above it.
            while let Some(current) = folder
                && folders.insert(current.clone())
            {
                folder = current.parent();
            }
        }
        let mut by_folder = BTreeMap::new();
        for folder in folders {
            let Ok(path) = folder.join(config::FILE_NAME) else {
                continue;
            };
            // Most folders have none; one that cannot be read is a finding of its own.
            let Ok(text) = tree.read(&path) else { continue };
            let config = Config::parse(&text)
                .map_err(|source| CheckError::Configuration { path, source })?;
            by_folder.insert(folder, config);
        }
        Ok(Self { by_folder })
    }

    /// The rule for a file: that of the nearest configuration file, as sops finds it from the file's folder upward.
    pub(super) fn demand(&self, path: &TreePath) -> Option<Demand> {
        let mut folder = path.parent();
        while let Some(current) = folder {
            if let Some(config) = self.by_folder.get(&current) {
                let relative = path.relative_to(&current)?;
                // A rule that cannot be read fails on every file: sops would refuse it too, with a better message.
                let rule = config.rule_for(relative).ok().flatten()?;
                return Some(Demand {
                    recipients: rule.key_groups.iter().flatten().map(entry).collect(),
                    names_path: rule.names_path,
                });
            }
            folder = current.parent();
        }
        None
    }
}

impl Demand {
    /// How the recipients of a file differ from those demanded, in words; `None` when they are the same.
    pub(super) fn difference(&self, metadata: &Metadata) -> Option<String> {
        let present: BTreeSet<_> = metadata
            .key_groups
            .iter()
            .flat_map(|group| &group.keys)
            .map(of_key)
            .collect();
        let missing = listed(self.recipients.difference(&present));
        let extra = listed(present.difference(&self.recipients));
        match (missing.is_empty(), extra.is_empty()) {
            (true, true) => None,
            (false, true) => Some(format!("lacks {missing}")),
            (true, false) => Some(format!("is also readable by {extra}")),
            (false, false) => Some(format!("lacks {missing} and is readable by {extra}")),
        }
    }
}

fn entry(recipient: &Recipient) -> (String, String) {
    (recipient.kind.to_string(), recipient.name.clone())
}

fn of_key(key: &MasterKey) -> (String, String) {
    let recipient = Recipient::new(key.kind(), &key.name());
    entry(&recipient)
}

fn listed<'a>(names: impl Iterator<Item = &'a (String, String)>) -> String {
    names
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect::<Vec<_>>()
        .join(", ")
}
