//! A default goes that INSERTs of the old release rely on.

use crate::operation::{Action, Identity, Kind, Target};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident, sql_key, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-default",
    page: include_str!("../../rules/drop-default.md"),
    check: Check::Operation {
        on: &[Kind::DropDefault, Kind::DropIdentity],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, column, of_identity) = match &cx.operation.action {
        Action::DropDefault { table, column } => (table, column, false),
        Action::DropIdentity { table, column, .. } => (table, column, true),
        _ => return,
    };
    if !cx.is_old_column(table, &column.name)
        || cx.column_goes(table, &column.name)
        || cx.default_returns(table, &column.name)
        || cx.old_inserts_fail(table)
    {
        return;
    }
    let known = cx.table(&table.name).and_then(|t| t.column(&column.name));
    let default = known.and_then(|c| c.default.as_ref());
    let serial = known.is_some_and(|c| c.ty.is_serial());
    let identity = known.and_then(|c| c.identity).filter(|_| of_identity);
    let is_null = default.is_some_and(|d| d.text.trim().eq_ignore_ascii_case("null"));
    let is_given = match of_identity {
        true => identity.is_some(),
        false => default.is_some() || serial,
    };
    if known.is_some() && !is_given || is_null {
        return;
    }
    // The old release never had one that the migration itself has set.
    let (own, migration) = (cx.table(&table.name), cx.schema.migration());
    if !of_identity && own.is_some_and(|t| t.is_defaulted_in(&column.name, migration)) {
        return;
    }
    let required = cx
        .table(&table.name)
        .is_some_and(|t| t.is_not_null(&column.name))
        && !cx.allows_null_later(table, &column.name);
    let then = match (known, required) {
        (_, true) => "INSERTs of the old release that leave it out fail",
        (Some(_), _) => "INSERTs of the old release that leave it out store NULL",
        (None, _) => "INSERTs of the old release that leave it out store NULL or fail",
    };
    let again = match (known, default) {
        _ if of_identity => {
            let kind = match identity {
                Some(Identity::Always) => "ALWAYS",
                _ => "BY DEFAULT",
            };
            format!("ADD GENERATED {kind} AS IDENTITY (START <behind the highest value>)")
        }
        (Some(column), _) if column.is_of_serial() => {
            format!("SET DEFAULT {}", next_value(cx, table, &column.name))
        }
        (_, Some(default)) => format!("SET DEFAULT {}", default.text),
        _ => "SET DEFAULT <expression>".to_owned(),
    };
    let what = if of_identity { "identity" } else { "default" };
    findings
        .report(
            cx.operation.place,
            format!("drops the {what} of `{}` in `{}`: {then}", column.name, table.name),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Keep the {what} until every release writes `{0}`, and drop it in a later migration. To put it back:\n\
             ALTER TABLE {1} ALTER COLUMN {2} {again};",
            column.name,
            sql_object(&table.name),
            sql_ident(column)
        ));
}

/// The default of a serial column, spelt out.
fn next_value(cx: &OperationContext<'_>, table: &Target, column: &str) -> String {
    let key = cx.schema.resolve(&table.name);
    let sequences = cx.schema.sequences_of(&key, Some(column));
    let name = sequences.first().map(sql_key);
    let name = name.unwrap_or_else(|| "<its sequence>".to_owned());
    format!("nextval('{}')", name.replace('\'', "''"))
}
