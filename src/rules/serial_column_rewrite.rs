//! A new `serial` or identity column rewrites the table.

use crate::name::name;
use crate::operation::{Action, Column, Kind, ObjectName, Target};
use crate::rule::{Check, ColumnWork, Findings, OperationContext, Rule, sql_name, sql_object};

pub const RULE: Rule = Rule {
    id: "serial-column-rewrite",
    page: include_str!("../../rules/serial-column-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddColumn { table, column, .. } = &cx.operation.action else {
        return;
    };
    if cx.column_work() == Some(ColumnWork::Serial) {
        findings
            .report(
                cx.operation.place,
                format!(
                    "adding `{}.{}` numbers every row: the table is rewritten while reads and writes wait",
                    table.name, column.name
                ),
            )
            .help(remedy(cx, table, column))
            .confidence(cx.confidence(&table.name));
    }
}

fn remedy(cx: &OperationContext<'_>, target: &Target, column: &Column) -> String {
    let table = &target.name;
    let sql = sql_object(table);
    // Its name is taken until the old one goes, which is later.
    let replaces = cx.replaces_dropped(target, &column.name);
    let own = match replaces {
        true => format!("{}_new", column.name),
        false => column.name.to_string(),
    };
    let name = sql_name(&own);
    let after = match replaces {
        true => format!(
            ";\nand drop `{}` in a migration declared contract, once no release uses it",
            column.name
        ),
        false => String::new(),
    };
    let sequence = ObjectName {
        name: name!("{}_{own}_seq", table.name),
        ..table.clone()
    };
    let sequence = sql_object(&sequence);
    let ty = match column.ty.name.as_str() {
        "serial" => "int".into(),
        "bigserial" => "bigint".into(),
        "smallserial" => "smallint".into(),
        _ => column.ty.to_string(),
    };
    format!(
        "number new rows only, which takes a moment:\n  \
         ALTER TABLE {sql} ADD COLUMN {name} {ty};\n  \
         CREATE SEQUENCE {sequence} OWNED BY {sql}.{name};\n  \
         ALTER TABLE {sql} ALTER COLUMN {name} SET DEFAULT nextval('{sequence}');\n\
         and the old rows in batches, {}{after}",
        cx.scene.afterwards()
    )
}
