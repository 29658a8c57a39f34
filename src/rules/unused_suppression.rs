//! A directive suppresses nothing.

use crate::rule::{Check, Rule};

pub const RULE: Rule = Rule {
    id: "unused-suppression",
    page: include_str!("../../rules/unused-suppression.md"),
    check: Check::Builtin,
};
