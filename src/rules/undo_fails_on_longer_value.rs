//! The way back narrows the type and fails once a row holds more.

use crate::effect::conversion::{Conversion, conversion, largest};
use crate::operation::Kind;
use crate::rule::{Check, Findings, OperationContext, Retype, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "undo-fails-on-longer-value",
    page: include_str!("../../rules/undo-fails-on-longer-value.md"),
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
    let limited = matches!(conversion(ty, old), Conversion::Narrower)
        && matches!(
            conversion(old, ty),
            Conversion::Wider | Conversion::WiderThanReaders
        );
    let integers = largest(old).is_some() && largest(ty).is_some();
    // `char(36)` and `varchar(36)` hold values of one length.
    let as_long = old.modifiers[0].is_some() && old.modifiers == ty.modifiers;
    if !limited || as_long || integers {
        return;
    }
    let is_text = matches!(old.name.as_str(), "varchar" | "char");
    let most = old.modifiers[0].filter(|_| is_text);
    let Some(back) = cx.way_back_of(&retype, most) else {
        return;
    };
    let way = back.way;
    let change = format!(
        "from `{old}` to `{ty}`: {way} fails once a row holds a value that `{old}` does not"
    );
    let also = format!("so does this for `{}` of `{}`", column.name, table.name);
    if findings.add_to_alike(&change, cx.place(cx.operation.place), &also) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("widens `{}` of `{}` {change}", column.name, table.name),
        )
        .severity(back.severity)
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Let the code write only what `{old}` holds until this release is final, or decide in the down what becomes of the others:\n\
             ALTER TABLE {} ALTER COLUMN {} TYPE {old} USING <expression>;",
            sql_object(back.table),
            sql_ident(back.column)
        ));
}
