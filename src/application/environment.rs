//! The variables that an application's source can name, as Argo CD has them in its build environment
//! (argo-cd: reposerver/repository/repository.go, `newEnv`).

/// What the variables say.
#[derive(Clone, Copy)]
pub struct BuildEnvironment<'a> {
    /// `ARGOCD_APP_NAME`.
    pub name: &'a str,
    /// `ARGOCD_APP_NAMESPACE`: the namespace of the destination.
    pub namespace: &'a str,
    /// `ARGOCD_APP_PROJECT_NAME`.
    pub project: &'a str,
    /// `ARGOCD_APP_REVISION`: the commit. Its first characters are `ARGOCD_APP_REVISION_SHORT` (7) and
    /// `ARGOCD_APP_REVISION_SHORT_8`.
    pub revision: &'a str,
    /// `ARGOCD_APP_SOURCE_REPO_URL`, without credentials: what stands in an annotation is read by many.
    pub repository: &'a str,
    /// `ARGOCD_APP_SOURCE_PATH`.
    pub path: &'a str,
    /// `ARGOCD_APP_SOURCE_TARGET_REVISION`.
    pub target_revision: &'a str,
}

impl BuildEnvironment<'_> {
    /// The text with the variables' values in their places: `$NAME` or `${NAME}`, and `$$` for a dollar sign. A variable
    /// that there is not is replaced by nothing (Go: os.Expand).
    pub fn substitute(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let Some(reference) = Reference::parse(rest) else {
                out.push('$');
                continue;
            };
            match reference.name {
                "" => {}
                "$" => out.push('$'),
                name => out.push_str(self.value(name)),
            }
            rest = &rest[reference.length..];
        }
        out.push_str(rest);
        out
    }

    fn value(&self, name: &str) -> &str {
        let short = |length: usize| {
            // A commit is ASCII; a name for none may be anything.
            let end = self.revision.char_indices().nth(length);
            end.map_or(self.revision, |(end, _)| &self.revision[..end])
        };
        match name {
            "ARGOCD_APP_NAME" => self.name,
            "ARGOCD_APP_NAMESPACE" => self.namespace,
            "ARGOCD_APP_PROJECT_NAME" => self.project,
            "ARGOCD_APP_REVISION" => self.revision,
            "ARGOCD_APP_REVISION_SHORT" => short(7),
            "ARGOCD_APP_REVISION_SHORT_8" => short(8),
            "ARGOCD_APP_SOURCE_REPO_URL" => self.repository,
            "ARGOCD_APP_SOURCE_PATH" => self.path,
            "ARGOCD_APP_SOURCE_TARGET_REVISION" => self.target_revision,
            _ => "",
        }
    }
}

/// What follows a dollar sign.
struct Reference<'t> {
    /// The variable; empty for what is malformed, of which nothing stays.
    name: &'t str,
    /// How many bytes it takes.
    length: usize,
}

impl<'t> Reference<'t> {
    /// None where the dollar sign stands for itself.
    fn parse(rest: &'t str) -> Option<Self> {
        let is_special = |c: char| "*#$@!?-".contains(c) || c.is_ascii_digit();
        let first = rest.chars().next()?;
        if first == '{' {
            return Some(match rest.find('}') {
                Some(end) => Self {
                    name: &rest[1..end],
                    length: end + 1,
                },
                None => Self {
                    name: "",
                    length: 1,
                },
            });
        }
        let length = if is_special(first) {
            1
        } else {
            rest.find(|c: char| !(c == '_' || c.is_ascii_alphanumeric()))
                .unwrap_or(rest.len())
        };
        (length > 0).then(|| Self {
            name: &rest[..length],
            length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_as_argo_cd_replaces_them() {
        let environment = BuildEnvironment {
            name: "shop",
            namespace: "prod",
            project: "default",
            revision: "0123456789abcdef0123456789abcdef01234567",
            repository: "https://git.example/shop.git",
            path: "apps/shop",
            target_revision: "main",
        };
        for (text, expect) in [
            ("plain", "plain"),
            ("$ARGOCD_APP_NAME", "shop"),
            ("a-${ARGOCD_APP_NAME}-b", "a-shop-b"),
            ("$ARGOCD_APP_NAME-b", "shop-b"),
            ("$ARGOCD_APP_NAMEb", ""),
            ("${ARGOCD_APP_REVISION_SHORT}", "0123456"),
            ("${ARGOCD_APP_REVISION_SHORT_8}", "01234567"),
            (
                "$ARGOCD_APP_SOURCE_PATH@$ARGOCD_APP_SOURCE_TARGET_REVISION",
                "apps/shop@main",
            ),
            ("$$ARGOCD_APP_NAME", "$ARGOCD_APP_NAME"),
            ("${$}", "$"),
            ("$OTHER.", "."),
            ("5$", "5$"),
            ("$ x", "$ x"),
            ("$é", "$é"),
            ("a${}b", "ab"),
            ("a${b", "ab"),
            ("$1x", "x"),
        ] {
            assert_eq!(environment.substitute(text), expect, "{text}");
        }
    }
}
