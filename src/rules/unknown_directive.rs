//! A comment speaks to bowline and is not understood.

use crate::rule::{Check, Rule};

pub const RULE: Rule = Rule {
    id: "unknown-directive",
    page: include_str!("../../rules/unknown-directive.md"),
    check: Check::Builtin,
};
