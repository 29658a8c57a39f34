//! A cast loses what the old type held.

use crate::effect::conversion::{Conversion, loss};
use crate::effect::postgres::is_computed;
use crate::name::Name;
use crate::operation::{Action, DataType, Kind};
use crate::rule::{
    Check, Findings, OperationContext, Rule, mentions, sql_ident, sql_name, sql_object, sql_type,
    without_types,
};

use crate::schema::is_utc;

pub const RULE: Rule = Rule {
    id: "lossy-type-change",
    page: include_str!("../../rules/lossy-type-change.md"),
    check: Check::Operation {
        on: &[Kind::AlterColumnType],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AlterColumnType {
        table,
        column,
        ty,
        using,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let has_rows = !cx.is_new(&table.name) && !cx.effect.rowless;
    if !has_rows || cx.column_goes(table, &column.name) {
        return;
    }
    let recorded = cx.table(&table.name).and_then(|t| t.column(&column.name));
    let using = using.as_ref().map(|u| &*u.text);
    let lost = if using.is_some_and(|text| !mentions(text, &column.name)) {
        "every value, because USING does not read the column"
    } else {
        match recorded.and_then(|old| loss(&old.ty, ty, using.is_some())) {
            Some(_) if keeps_instant(cx, ty, using) => return,
            Some(lost) => lost,
            None if is_overwritten(cx, ty, &column.name, using) => {
                "what stood there: USING puts something else in its place"
            }
            None => return,
        }
    };
    let from = recorded
        .map(|c| format!(" from `{}`", c.ty))
        .unwrap_or_default();
    let (name, old) = (sql_object(&table.name), sql_ident(column));
    let new = sql_name(&format!("{}_new", column.name));
    let sql = sql_type(ty);
    findings
        .report(
            cx.operation.place,
            format!(
                "changes `{}` of `{}`{from} to `{ty}` and loses {lost}",
                column.name, table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Keep the old column until the new one has proved right:\n\
             ALTER TABLE {name} ADD COLUMN {new} {sql};\n\
             UPDATE {name} SET {new} = {};\n\
             -- later, in a migration declared contract:\n\
             ALTER TABLE {name} DROP COLUMN {old};",
            using.map_or_else(|| format!("{old}::{sql}"), ToOwned::to_owned)
        ));
}

/// Does USING compute other values of the same type?
fn is_overwritten(
    cx: &OperationContext<'_>,
    ty: &DataType,
    column: &Name,
    using: Option<&str>,
) -> bool {
    let Action::AlterColumnType { table, .. } = &cx.operation.action else {
        return false;
    };
    let recorded = cx.table(&table.name).and_then(|t| t.column(column));
    let same = recorded.is_some_and(|old| cx.conversion(&old.ty, ty) == Conversion::Same);
    same && using.is_some_and(|using| {
        let bare = without_types(using);
        is_computed(bare.trim(), column)
    })
}

/// Is every instant written as its time in UTC, from which it can be told again?
fn keeps_instant(cx: &OperationContext<'_>, ty: &DataType, using: Option<&str>) -> bool {
    let says_utc = |using: &str| {
        let mut words = using.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
        words.any(|word| is_utc(word.trim_matches('\'')))
    };
    ty.name == "timestamp"
        && match using {
            Some(using) => mentions(using, "zone") && says_utc(using),
            None => cx.schema.session().is_in_utc() == Some(true),
        }
}
