//! A function or procedure goes while the old release may call it.

use crate::effect::postgres::is_built_in;
use crate::finding::{Confidence, Severity};
use crate::operation::{Action, DataType, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, on_one_line, sql_object};
use crate::statement::lexer::same_tokens;

pub const RULE: Rule = Rule {
    id: "drop-routine",
    page: include_str!("../../rules/drop-routine.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind,
        name,
        arguments,
        if_exists,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    if !kind.is_routine() {
        return;
    }
    let key = cx.schema.resolve_routine(name);
    let known = !cx.schema.routines(&key).is_empty();
    if *if_exists && !known
        || cx.schema.lacks_overload(name, arguments.as_deref())
        || cx.schema.is_created_now(&key)
        || cx.is_trigger_function(&key)
    {
        return;
    }
    let word = kind.word();
    if let Some((old, again)) = cx.routine_returns_for(&key, arguments.as_deref()) {
        let results = old.and_then(|old| old.returns).zip(again.returns);
        if let Some(lost) = results.and_then(|(before, after)| lost(&before, &after)) {
            findings
                .report(
                    cx.operation.place,
                    format!(
                        "drops {word} `{name}` and creates it again: the old release gets {lost} from it"
                    ),
                )
                .severity(Severity::Warning)
                .help("Create the new one under another name beside the old one, and drop that in a later migration, once no release calls it");
        }
        return;
    }
    let signature = arguments
        .as_ref()
        .map(|a| format!("({a})"))
        .unwrap_or_default();
    if cx.routine_returns(&key) {
        findings
            .report(
                cx.operation.place,
                format!(
                    "drops {word} `{name}` and creates it again with arguments that calls of the old release do not fit"
                ),
            )
            .help("Give each argument that is added a DEFAULT, or create the new one beside the old one and drop that in a later migration, once no release calls it");
        return;
    }
    const CALLS: &str = "which the old release may still call";
    let also = format!("so is {word} `{name}`");
    if known && findings.add_to_alike(CALLS, cx.place(cx.operation.place), &also) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("drops {word} `{name}`, {CALLS}"),
        )
        .confidence(if known {
            Confidence::High
        } else {
            Confidence::Medium
        })
        .help(format!(
            "Release code that no longer calls `{name}` first; then drop it in a later migration:\n\
             -- bowline: phase contract\n\
             DROP {} {}{signature};",
            word.to_ascii_uppercase(),
            sql_object(name)
        ));
}

/// What of a result the old release no longer gets, columns by their names. Of types
/// that are not the server's own it is not told.
fn lost(before: &str, after: &str) -> Option<String> {
    let same = |a: &str, b: &str| {
        let types = DataType::parse(a).zip(DataType::parse(b));
        let types = types.filter(|(a, b)| is_built_in(a) && is_built_in(b));
        same_tokens(a, b) || types.is_none_or(|(a, b)| a == b)
    };
    let instead = |now: &str, then: &str| {
        format!("`{}` instead of `{}`", on_one_line(now), on_one_line(then))
    };
    let (Some(then), Some(now)) = (columns(before), columns(after)) else {
        return (!same(before, after)).then(|| instead(after, before));
    };
    then.iter().find_map(
        |(name, ty)| match now.iter().find(|(other, _)| other == name) {
            None => Some(format!("no column `{name}`")),
            Some((_, now)) => {
                (!same(ty, now)).then(|| format!("column `{name}` as {}", instead(now, ty)))
            }
        },
    )
}

/// The columns of `TABLE (a int, b text)`, each with its type.
fn columns(result: &str) -> Option<Vec<(String, String)>> {
    let (word, list) = result.trim().split_at_checked("table".len())?;
    let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
    if !word.eq_ignore_ascii_case("table") {
        return None;
    }
    let mut columns = vec![String::new()];
    let mut depth = 0;
    for c in on_one_line(list).chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        match c {
            ',' if depth == 0 => columns.push(String::new()),
            c => columns.last_mut()?.push(c),
        }
    }
    let columns = columns
        .iter()
        .filter_map(|column| column.trim().split_once(' '));
    Some(
        columns
            .map(|(name, ty)| (name.to_lowercase(), ty.to_owned()))
            .collect(),
    )
}
