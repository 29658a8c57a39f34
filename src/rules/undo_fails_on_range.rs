//! The way back narrows an integer and fails once a row holds more.

use crate::effect::conversion::largest;
use crate::operation::Kind;
use crate::rule::{Check, Findings, OperationContext, Retype, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "undo-fails-on-range",
    page: include_str!("../../rules/undo-fails-on-range.md"),
    check: Check::Operation {
        on: &[Kind::AlterColumnType],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(retype) = cx.retype() else {
        return;
    };
    let Some(old) = retype.old else {
        return;
    };
    let Retype {
        table, column, ty, ..
    } = retype;
    let (Some(least), Some(more)) = (largest(old), largest(ty)) else {
        return;
    };
    if more <= least {
        return;
    }
    let Some(back) = cx.way_back_of(&retype, None) else {
        return;
    };
    let way = back.way;
    let (name, shown) = (sql_object(&table.name), sql_ident(column));
    findings
        .report(
            cx.operation.place,
            format!(
                "widens `{}` of `{}` from `{old}` to `{ty}`: {way} fails once a row holds more than {least}",
                column.name, table.name
            ),
        )
        .severity(back.severity)
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Keep the numbers below the limit until this release is final, and count before going back:\n\
             SELECT count(*) FROM {name} WHERE {shown} > {least};"
        ));
}
