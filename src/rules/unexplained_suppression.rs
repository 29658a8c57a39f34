//! A directive suppresses a finding without a reason.

use crate::rule::{Check, Rule};

pub const RULE: Rule = Rule {
    id: "unexplained-suppression",
    page: include_str!("../../rules/unexplained-suppression.md"),
    check: Check::Builtin,
};
