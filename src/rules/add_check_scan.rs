//! Adding a check constraint reads every row under `ACCESS EXCLUSIVE`.

use crate::operation::{ConstraintKind, Expr, Kind};
use crate::rule::{Check, ColumnWork, Findings, OperationContext, Rule, on_one_line, sql_object};
use crate::schema::names_in;

pub const RULE: Rule = Rule {
    id: "add-check-scan",
    page: include_str!("../../rules/add-check-scan.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint, Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some((target, constraint)) = cx.constraint_in_the_way(ColumnWork::Check) else {
        return;
    };
    let table = &target.name;
    let ConstraintKind::Check(expr) = &constraint.kind else {
        return;
    };
    let sql = sql_object(table);
    let name = cx.constraint_name(table, constraint);
    if findings.add_to_statement(cx, format!("and `{name}`, in the same reading")) {
        return;
    }
    let first = if constraint.inline {
        "add the column without its check, then add that ".to_owned()
    } else {
        format!("{}add it ", cx.after_new_columns(names_in(&expr.text)))
    };
    findings
        .report(
            cx.operation.place,
            format!("adding a check to `{table}` reads every row while reads and writes wait"),
        )
        .help(format!(
            "{first}without looking at the rows:\n  \
             ALTER TABLE {sql} {}ADD CONSTRAINT {name} CHECK ({}) NOT VALID;\n\
             and check them {}, while reads and writes go on:\n  \
             ALTER TABLE {sql} VALIDATE CONSTRAINT {};",
            cx.drop_beside(&name),
            condition(expr),
            cx.scene.afterwards(),
            cx.kept_name(table, &name)
        ))
        .confidence(cx.confidence(table))
        .fix(cx.not_valid(target, constraint));
}

/// The condition without the parentheses that the reader may have kept.
fn condition(expr: &Expr) -> String {
    let line = on_one_line(&expr.text);
    let inner = line.strip_prefix('(').and_then(|l| l.strip_suffix(')'));
    inner
        .filter(|inner| is_balanced(inner))
        .unwrap_or(&line)
        .to_owned()
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0i32;
    text.bytes().all(|byte| {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        depth >= 0
    }) && depth == 0
}
