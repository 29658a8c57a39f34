//! After a later down, an earlier one fails.

use crate::rule::{Check, Rule};

pub const RULE: Rule = Rule {
    id: "earlier-down-broken",
    page: include_str!("../../rules/earlier-down-broken.md"),
    check: Check::Builtin,
};
