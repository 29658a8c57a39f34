//! Another role owns it.

use crate::operation::{Action, Kind, ObjectKind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};
use crate::schema::SettingName;

pub const RULE: Rule = Rule {
    id: "change-owner",
    page: include_str!("../../rules/change-owner.md"),
    check: Check::Operation {
        on: &[Kind::SetOwner],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::SetOwner { kind, name, to, .. } = &cx.operation.action else {
        return;
    };
    let relation = kind.is_relation() || *kind == ObjectKind::Sequence;
    let key = cx.schema.setting_key(*kind, name, None);
    let owner = cx.schema.setting(&key, *kind, "", &SettingName::Owner);
    // What the history made belongs to the role that migrates.
    let is_migrator = |role: &str| matches!(role, "current_user" | "current_role" | "session_user");
    let stays = owner == Some(to.as_str())
        || owner.is_none() && is_migrator(to) && cx.table(name).is_some_and(|t| t.is_known());
    if !relation || cx.is_unknown_to_others(name) || stays {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "makes `{to}` the owner of `{name}`: the old owner keeps only what it was granted, and row level security applies to it",
            ),
        )
        .confidence(cx.confidence(name))
        .help(format!(
            "Grant the old release's role what it needs in the same transaction:\n\
             GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO <role of the application>;",
            sql_object(name)
        ));
}
