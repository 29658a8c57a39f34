//! What is dropped and made again loses what was set on it.

use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, listed};
use crate::schema::{Key, Setting, SettingName};

pub const RULE: Rule = Rule {
    id: "identity-or-grant-lost",
    page: include_str!("../../rules/identity-or-grant-lost.md"),
    check: Check::Operation {
        on: &[Kind::Drop, Kind::DropColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    for (shown, key) in gone(cx) {
        if !cx.is_replaced_key(&key) {
            continue;
        }
        let words = lost(cx, &key);
        if words.is_empty() {
            continue;
        }
        findings
            .report(
                cx.operation.place,
                format!("`{shown}` is made anew without {}", listed(&words)),
            )
            .help("Set again what the old one had; `bowline inspect` shows the statements");
    }
}

/// The relations that go, those that CASCADE takes along with them.
fn gone(cx: &OperationContext<'_>) -> Vec<(String, Key)> {
    match &cx.operation.action {
        Action::Drop {
            kind,
            name,
            cascade,
            ..
        } if kind.is_relation() || *kind == ObjectKind::Sequence => {
            if cx.is_new(name) {
                return Vec::new();
            }
            let key = cx.schema.resolve(name);
            let mut gone = vec![(name.to_string(), key)];
            if *cascade {
                gone.extend(views(cx, cx.schema.views_on(&key)));
            }
            gone
        }
        Action::Drop {
            kind,
            name,
            cascade: true,
            ..
        } if kind.is_routine() => {
            let routine = cx.schema.resolve_routine(name);
            let callers = cx.schema.views_that_call(&routine).into_iter();
            views(cx, callers.map(|view| view.key).collect())
        }
        Action::DropColumn {
            table,
            column,
            cascade: true,
            ..
        } => {
            let key = cx.schema.resolve(&table.name);
            views(cx, cx.views_over_column(&key, &column.name))
        }
        _ => Vec::new(),
    }
}

fn views(cx: &OperationContext<'_>, keys: Vec<Key>) -> Vec<(String, Key)> {
    let old = keys.into_iter().filter(|key| !cx.is_new_key(key));
    old.map(|key| (key.to_string(), key)).collect()
}

/// What is set on a relation and not set again.
fn lost(cx: &OperationContext<'_>, key: &Key) -> Vec<String> {
    let is_it = |name: &ObjectName| cx.schema.resolve(name) == *key;
    let set_again = |wanted: &dyn Fn(&Action) -> bool| {
        let later = cx.scene.script.iter().skip(cx.index);
        later.map(|op| &op.action).any(wanted)
    };
    let again = Again {
        granted: set_again(&|action| match action {
            Action::Grant(grant) => grant.objects.is_empty() || grant.objects.iter().any(is_it),
            _ => false,
        }),
        commented: set_again(&|action| match action {
            Action::Comment { name, on, .. } => is_it(on.as_ref().unwrap_or(name)),
            _ => false,
        }),
        owned: set_again(&|action| match action {
            Action::SetOwner { name, .. } => is_it(name),
            _ => false,
        }),
    };
    let mut words: Vec<String> = Vec::new();
    for setting in cx.schema.settings(key) {
        if let Some(word) = word(setting, &again)
            && !words.contains(&word)
        {
            words.push(word);
        }
    }
    words
}

/// What the script sets again.
struct Again {
    granted: bool,
    commented: bool,
    owned: bool,
}

fn word(setting: &Setting, again: &Again) -> Option<String> {
    match &setting.name {
        SettingName::Grant { grantee, .. } if !again.granted => {
            Some(format!("the privileges of `{grantee}`"))
        }
        SettingName::Comment if !again.commented && setting.member.is_empty() => {
            Some("its comment".to_owned())
        }
        SettingName::Comment if !again.commented => Some("the comments of its columns".to_owned()),
        SettingName::Owner if !again.owned => Some(format!("its owner `{}`", setting.value)),
        SettingName::ReplicaIdentity => Some("its replica identity".to_owned()),
        SettingName::Statistics => Some("its statistics targets".to_owned()),
        _ => None,
    }
}
