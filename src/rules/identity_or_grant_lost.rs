//! What is dropped and made again loses what was set on it.

use crate::operation::{Action, Kind, ObjectKind};
use crate::rule::{Check, Findings, OperationContext, Rule, listed};
use crate::schema::{Setting, SettingName};

pub const RULE: Rule = Rule {
    id: "identity-or-grant-lost",
    page: include_str!("../../rules/identity-or-grant-lost.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop { kind, name, .. } = &cx.operation.action else {
        return;
    };
    let relation = kind.is_relation() || *kind == ObjectKind::Sequence;
    if !relation || cx.is_new(name) || !cx.is_replaced(name) {
        return;
    }
    let key = cx.schema.resolve(name);
    let set_again = |wanted: fn(&Action) -> bool| {
        let later = cx.scene.script.iter().skip(cx.index);
        later.map(|op| &op.action).any(wanted)
    };
    let granted = set_again(|action| matches!(action, Action::Grant(_)));
    let commented = set_again(|action| matches!(action, Action::Comment { .. }));
    let owned = set_again(|action| matches!(action, Action::SetOwner { .. }));
    let lost: Vec<String> = cx
        .schema
        .settings(&key)
        .iter()
        .filter_map(|setting| word(setting, granted, commented, owned))
        .collect();
    let mut words: Vec<String> = Vec::new();
    for word in lost {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("`{name}` is made anew without {}", listed(&words)),
        )
        .help("Set again what the old one had; `bowline inspect` shows the statements");
}

fn word(setting: &Setting, granted: bool, commented: bool, owned: bool) -> Option<String> {
    match &setting.name {
        SettingName::Grant { grantee, .. } if !granted => {
            Some(format!("the privileges of `{grantee}`"))
        }
        SettingName::Comment if !commented && setting.member.is_empty() => {
            Some("its comment".to_owned())
        }
        SettingName::Comment if !commented => Some("the comments of its columns".to_owned()),
        SettingName::Owner if !owned => Some(format!("its owner `{}`", setting.value)),
        SettingName::ReplicaIdentity => Some("its replica identity".to_owned()),
        SettingName::Statistics => Some("its statistics targets".to_owned()),
        _ => None,
    }
}
