//! What a generated object does with one of the same name.

/// What a generated object does with one of the same name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Behavior {
    /// Nothing was said, which means the same as [`Create`](Self::Create).
    #[default]
    Unspecified,
    /// There must be none.
    Create,
    /// Its data takes the place of the other's.
    Replace,
    /// Its data is added to the other's.
    Merge,
}

impl Behavior {
    /// The behaviour of that name; any other name says nothing.
    pub fn parse(name: &str) -> Self {
        match name {
            "create" => Self::Create,
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            _ => Self::Unspecified,
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}
