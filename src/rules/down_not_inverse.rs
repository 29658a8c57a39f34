//! Up then down does not give the schema back.

use crate::rule::{Check, Rule};

pub const RULE: Rule = Rule {
    id: "down-not-inverse",
    page: include_str!("../../rules/down-not-inverse.md"),
    check: Check::Builtin,
};
