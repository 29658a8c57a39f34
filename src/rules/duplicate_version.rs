//! Two migrations have one version.

use crate::rule::{Check, Rule};

pub const RULE: Rule = Rule {
    id: "duplicate-version",
    page: include_str!("../../rules/duplicate-version.md"),
    check: Check::Builtin,
};
